import { expect, test } from 'vitest'
import { Screen } from './screen.ts'

const shown = (screen: Screen) => new Promise<string>((resolve) => screen.snapshot(resolve))
const write = (screen: Screen, text: string) => new Promise<void>((resolve) => screen.write(Buffer.from(text), resolve))

test('a sequence that says to do something two thousand million times is left out, and what follows is shown', async () => {
  const screen = new Screen(80, 24, () => {})
  for (const final of ['L', 'M', 'S', 'T', 'I', 'Z', 'b']) await write(screen, `a\x1b[2147483647${final}`)
  await write(screen, '\r\nafter')
  expect(await shown(screen)).toContain('after')
  screen.dispose()
})

test('what fits the screen is done as often as it says', async () => {
  const screen = new Screen(80, 24, () => {})
  await write(screen, 'one\r\ntwo\x1b[1;1H\x1b[1Lzero\x1b[9;1Hx\x1b[4b')
  const lines = (await shown(screen)).split('\r\n')
  expect(lines.slice(0, 3)).toEqual(['zero', 'one', 'two'])
  expect(lines.at(-1)).toContain('xxxxx')
  screen.dispose()
})

test('output that keeps the screen busy leaves the thread to others between its pieces, and comes in order', async () => {
  const screen = new Screen(80, 24, () => {})
  let others = 0
  const timer = setInterval(() => others++, 0)
  await write(screen, `${'\x1b[24S\x1b[24T'.repeat(1_500)}\x1b[2J\x1b[Hdone`)
  clearInterval(timer)
  expect(others).toBeGreaterThan(3)
  expect(await shown(screen)).toContain('done')
  screen.dispose()
})
