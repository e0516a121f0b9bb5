import type { Duplex } from 'node:stream'
import { readJsonLines } from '#contract/json-lines.ts'
import { fromLaptop } from '#contract/laptops.ts'
import type { Hold } from './hold.ts'

/** Carries messages between a hold and the connection that it lives on. Resolves when it is let go. */
export async function serveHold(socket: Duplex, hold: Hold): Promise<void> {
  let why = 'the connection was lost'
  hold.listen((message) => {
    if (!socket.writable) return
    socket.write(`${JSON.stringify(message)}\n`)
    if (message.type === 'ended') socket.end()
  })
  void hold.over.then(() => socket.end())
  try {
    for await (const line of readJsonLines(socket)) {
      const message = fromLaptop.parse(line)
      if (message.type === 'serving') await hold.serve(message.run)
      else if (message.type === 'described') hold.describe(message.run, message.endpoints)
      else if (message.type === 'stopped') await hold.stop(message.why)
      else {
        why = 'it was stopped'
        break
      }
    }
  } catch {
    // A connection that breaks off is the end of it in any case.
  }
  await hold.end(why)
}
