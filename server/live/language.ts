import type { Duplex } from 'node:stream'
import { drained } from '#contract/drained.ts'
import { readJsonLines } from '#contract/json-lines.ts'
import { authorize } from '../authorize.ts'
import { roughSize } from './rough-size.ts'
import type { Input, Place, Running, Sink } from './subscription.ts'

const mostAtOnce = 64
const mostBytes = 1 << 20

/** One's own language server on one's own draft. It ends when it is idle or fails: the editor, which knows what is open, begins anew. */
export async function openLanguage({ web, viewer, sink, signal }: Place, names: Input<'language'>): Promise<Running> {
  const { serviceId, environmentId } = await authorize(web, viewer, 'source.read', names)
  const program = await web.runtime.duplex(
    'languages.open',
    { serviceId, environmentId, userId: viewer.person.id },
    { actor: viewer.actor, signal },
  )
  return {
    // The editor writes on after this returned.
    write: async (bytes) => {
      if (program.writable && !program.write(bytes)) await drained(program)
    },
    done: passMessages(program, sink, signal),
  }
}

export async function passMessages(program: Duplex, sink: Pick<Sink, 'items'>, signal: AbortSignal): Promise<void> {
  let waiting: unknown[] = []
  let bytes = 0
  let sending: Promise<void> | undefined
  const send = async () => {
    while (waiting.length > 0) {
      bytes = 0
      await sink.items(waiting.splice(0, mostAtOnce))
    }
  }
  try {
    for await (const message of readJsonLines(program)) {
      waiting.push(message)
      bytes += roughSize(message)
      // What comes while the editor takes a batch is the next one.
      if (waiting.length >= mostAtOnce || bytes >= mostBytes) await sending
      sending ??= send().finally(() => {
        sending = undefined
      })
      sending.catch(() => program.destroy())
    }
    await sending
  } catch (error) {
    if (!signal.aborted && !program.destroyed) throw error
  } finally {
    waiting = []
    program.destroy()
  }
}
