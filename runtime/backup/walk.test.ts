import { fork } from 'node:child_process'
import { once } from 'node:events'
import { constants, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAt, walk } from './walk.ts'

/** As a service could in its data folder, which it writes while the backup reads it as root. */
const swapper = `
import { renameSync } from 'node:fs'
const [folder] = process.argv.slice(2)
const one = (from, to) => renameSync(folder + '/' + from, folder + '/' + to)
process.send('swapping')
for (;;) { one('inner', 'real'); one('link', 'inner'); one('inner', 'link'); one('real', 'inner') }
`

test(
  'a folder that a service swaps for a link while it is walked leads nowhere else',
  { timeout: 60_000 },
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'm3o-walk-'))
    for (const folder of ['home/data/inner', 'outside']) mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, 'outside/secret'), 'of the machine')
    writeFileSync(join(root, 'home/data/inner/mine'), 'x')
    writeFileSync(join(root, 'swapper.mjs'), swapper)
    symlinkSync(join(root, 'outside'), join(root, 'home/data/link'))
    const child = fork(join(root, 'swapper.mjs'), [join(root, 'home/data')], { execArgv: [] })
    try {
      await once(child, 'message')
      const seen = new Set<string>()
      let led = 0
      for (let round = 0; round < 1_500; round++) {
        for await (const { path, info } of walk(join(root, 'home'), 'data')) {
          seen.add(path)
          if (!info.isFile()) continue
          const file = await open(join(root, 'home', path), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
            () => undefined,
          )
          if (file && (await isAt(file, join(root, 'home'), path)) && (await file.readFile('utf8')) !== 'x') led++
          await file?.close()
        }
        // What would be read were it only not followed at its end.
        const blind = await open(join(root, 'home/data/inner/secret'), constants.O_RDONLY | constants.O_NOFOLLOW).catch(
          () => undefined,
        )
        if (blind && (await isAt(blind, join(root, 'home'), 'data/inner/secret'))) led++
        await blind?.close()
      }
      expect(led).toBe(0)
      expect([...seen].filter((path) => path.includes('secret'))).toEqual([])
      expect(seen).toContain('data/inner/mine')
    } finally {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
      rmSync(root, { recursive: true })
    }
  },
)
