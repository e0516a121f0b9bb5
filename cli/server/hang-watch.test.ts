import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answersHealth } from './health.ts'
import { HangWatch } from './hang-watch.ts'
import { identify, isRunning } from './identity.ts'

const windowMs = 500

/** A process that can be made to hang, and what the watch of it asked and said. */
async function watching() {
  const folder = await mkdtemp(join(tmpdir(), 'm3o-hang-'))
  const socketPath = join(folder, 's')
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/hanging.ts'), socketPath], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  const identity = identify(child.pid ?? 0)
  if (identity === undefined) throw new Error('it does not run')
  const said: string[] = []
  let [asked, answered] = [0, 0]
  const watch = new HangWatch(
    {
      name: 'it',
      identity: () => (isRunning(identity) ? identity : undefined),
      answers: async (withinMs) => {
        asked++
        const answers = await answersHealth({ socketPath }, withinMs)
        if (answers) answered++
        return answers
      },
    },
    { say: (line) => said.push(line), windowMs },
  )
  watch.start()
  return {
    child,
    said,
    identity,
    asked: () => asked,
    answered: () => answered,
    hang: () =>
      new Promise((resolve) =>
        request({ socketPath, path: '/hang', agent: false }, (answer) => answer.resume().once('close', resolve))
          .on('error', resolve)
          .end(),
      ),
    async [Symbol.asyncDispose]() {
      watch.stop()
      child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test('a process that answers nothing while it keeps a processor busy is killed', { timeout: 30_000 }, async () => {
  await using it = await watching()
  await expect.poll(it.answered, { timeout: 10_000 }).toBeGreaterThan(0)
  const ended = once(it.child, 'exit')
  await it.hang()
  expect((await ended)[1]).toBe('SIGKILL')
  expect(it.said).toEqual(['it did not respond for 1 s while it kept a processor busy: it is killed and restarted'])
})

test('one that is stopped uses no processor, and is left alone', { timeout: 30_000 }, async () => {
  await using it = await watching()
  await expect.poll(it.answered, { timeout: 10_000 }).toBeGreaterThan(0)
  it.child.kill('SIGSTOP')
  const before = it.asked()
  await expect.poll(it.asked, { timeout: 20_000 }).toBeGreaterThan(before + 3)
  expect(isRunning(it.identity)).toBe(true)
  it.child.kill('SIGCONT')
  const answered = it.answered()
  await expect.poll(it.answered, { timeout: 10_000 }).toBeGreaterThan(answered)
  expect(it.said).toEqual([])
})

test(
  'a process that has not answered since its start is killed once it has used more processor time than any start needs',
  { timeout: 30_000 },
  async () => {
    await using it = await watching()
    const ended = once(it.child, 'exit')
    // Before it could be asked for the first time.
    await it.hang()
    const before = it.asked()
    await expect.poll(it.asked, { timeout: 20_000 }).toBeGreaterThan(before)
    expect(isRunning(it.identity)).toBe(true)
    expect((await ended)[1]).toBe('SIGKILL')
    expect(it.answered()).toBe(0)
    expect(it.said).toEqual([
      'it did not respond for 2 s since its start and kept a processor busy: it is killed and restarted',
    ])
  },
)
