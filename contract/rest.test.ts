import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('a process that is quiet gives back what its start left, and ends when nothing else is to be done', () => {
  const program = `
    import { setTimeout as delay } from 'node:timers/promises'
    import { restWhenQuiet } from ${JSON.stringify(join(import.meta.dirname, 'rest.ts'))}
    let left = Array.from({ length: 300_000 }, (_, at) => ({ at, text: [at] }))
    left = undefined
    restWhenQuiet(300)
    const before = process.memoryUsage().heapUsed
    while (process.memoryUsage().heapUsed > before / 2) await delay(500)
    console.log('rested')`
  expect(
    execFileSync(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', program], {
      encoding: 'utf8',
      timeout: 20_000,
    }),
  ).toBe('rested\n')
})
