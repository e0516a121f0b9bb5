import { expect, test } from 'vitest'
import { PlatformError } from '#contract/errors.ts'
import { type Clock, type Copy, DraftSaver, settleMs } from './draft-saver.ts'

/** A platform that keeps one file, and a clock that goes when it is told. */
function bench({ text = 'one', hash = 'h-one' } = {}) {
  let there: { text: string; hash: string | null } = { text, hash }
  let away = false
  let hold: Promise<void> | undefined
  const copies: (Copy | null)[] = []
  const saves: string[] = []
  const timers = new Map<number, { run: () => void; at: number }>()
  let now = 0
  let count = 0
  const clock: Clock = {
    set: (run, ms) => {
      timers.set(++count, { run, at: now + ms })
      return count
    },
    clear: (timer) => void timers.delete(timer as number),
  }
  const saver = new DraftSaver({
    text,
    hash,
    clock,
    onChange: () => {},
    keep: (copy) => copies.push(copy),
    save: async (next, expected) => {
      await hold
      if (away) throw new PlatformError('unavailable', 'away')
      if (expected !== there.hash) throw new PlatformError('conflict', 'changed', { data: { hash: there.hash } })
      saves.push(next)
      there = { text: next, hash: `h-${next}` }
      return { hash: `h-${next}` }
    },
  })
  return {
    saver,
    saves,
    copies,
    there: () => there,
    elsewhere: (next: string) => {
      there = { text: next, hash: `h-${next}` }
    },
    leave: () => {
      away = true
    },
    comeBack: () => {
      away = false
    },
    slow: () => {
      let go = () => {}
      hold = new Promise<void>((resolve) => {
        go = () => {
          hold = undefined
          resolve()
        }
      })
      return () => go()
    },
    async pass(ms: number) {
      now += ms
      for (const [id, timer] of [...timers])
        if (timer.at <= now) {
          timers.delete(id)
          timer.run()
        }
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    },
  }
}

test('typing is saved once it pauses, with the newest text only', async () => {
  const { saver, saves, pass } = bench()
  saver.edit('two')
  await pass(settleMs - 1)
  saver.edit('three')
  await pass(settleMs - 1)
  expect(saves).toEqual([])
  expect(saver.state.name).toBe('dirty')
  await pass(1)
  expect(saves).toEqual(['three'])
  expect(saver.state.name).toBe('saved')
})

test('what saves it together with something else takes the place of its own save, once', async () => {
  const { saver, saves, pass } = bench()
  const together: [string, string | null][] = []
  saver.edit('two')
  await saver.flush(async (text, expected) => {
    together.push([text, expected])
    return { hash: 'h-of-both' }
  })
  expect([together, saves, saver.hash, saver.isClean]).toEqual([[['two', 'h-one']], [], 'h-of-both', true])
  await pass(settleMs)
  expect(saves).toEqual([])
  saver.edit('three')
  await expect(saver.flush(() => Promise.reject(new PlatformError('forbidden', 'not here')))).rejects.toMatchObject({
    code: 'forbidden',
  })
  expect(saver.state.name).toBe('refused')
})

test('what is typed while a save is on its way is saved after it', async () => {
  const { saver, saves, slow, pass } = bench()
  const go = slow()
  saver.edit('two')
  await pass(settleMs)
  saver.edit('three')
  go()
  await pass(0)
  expect(saves).toEqual(['two'])
  expect(saver.isClean).toBe(false)
  await pass(settleMs)
  expect(saves).toEqual(['two', 'three'])
  expect(saver.isClean).toBe(true)
})

test('a flush saves everything before it returns', async () => {
  const { saver, there, slow, pass } = bench()
  const go = slow()
  saver.edit('two')
  await pass(settleMs)
  saver.edit('three')
  const flushed = saver.flush()
  go()
  await flushed
  expect(there().text).toBe('three')
})

test('while the platform is away the text is kept here and tried again', async () => {
  const { saver, saves, copies, leave, comeBack, pass } = bench()
  leave()
  saver.edit('two')
  await pass(settleMs)
  expect(saver.state.name).toBe('waiting')
  expect(copies.at(-1)).toEqual({ text: 'two', expected: 'h-one' })
  await expect(saver.flush()).rejects.toMatchObject({ code: 'unavailable' })
  comeBack()
  await pass(60_000)
  expect(saves).toEqual(['two'])
  expect(copies.at(-1)).toBeNull()
})

test('another text is never overwritten: it is a conflict until somebody decides', async () => {
  const { saver, there, elsewhere, pass } = bench()
  elsewhere('theirs')
  saver.edit('mine')
  await pass(settleMs)
  expect(saver.state).toMatchObject({ name: 'conflict', hash: 'h-theirs' })
  saver.edit('mine, longer')
  await pass(60_000)
  expect(there().text).toBe('theirs')
  await expect(saver.flush()).rejects.toMatchObject({ code: 'conflict' })
})

test('keeping mine replaces what was shown, and what came after that is a conflict again', async () => {
  const { saver, there, elsewhere, pass } = bench()
  elsewhere('theirs')
  saver.edit('mine')
  await pass(settleMs)
  elsewhere('theirs again')
  await saver.keepMine()
  expect(saver.state.name).toBe('conflict')
  await saver.keepMine()
  expect(there().text).toBe('mine')
})

test('using theirs leaves nothing to save', async () => {
  const { saver, copies, elsewhere, pass } = bench()
  elsewhere('theirs')
  saver.edit('mine')
  await pass(settleMs)
  saver.take('theirs', 'h-theirs')
  expect(saver.isClean).toBe(true)
  expect(copies.at(-1)).toBeNull()
  saver.edit('theirs, edited')
  await saver.flush()
  expect(saver.state.name).toBe('saved')
})

test('what an earlier page could not save is saved by the next, or is a conflict', async () => {
  const kept = bench()
  kept.saver.restore({ text: 'typed offline', expected: 'h-one' })
  await kept.pass(0)
  expect(kept.there().text).toBe('typed offline')

  const changed = bench({ text: 'theirs', hash: 'h-theirs' })
  changed.saver.restore({ text: 'typed offline', expected: 'h-one' })
  await changed.pass(0)
  expect(changed.saver.state.name).toBe('conflict')
  expect(changed.there().text).toBe('theirs')
})
