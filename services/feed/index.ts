import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { CallError, call, endpoint, service } from '@m3o/sdk'
import { z } from 'zod'

const entry = z.object({ id: z.number(), name: z.string(), message: z.string(), at: z.number() })
type Entry = z.infer<typeof entry>

export default service(
  {
    Follow: endpoint({
      description: 'The guestbook as it is written: its last entries, and then each new one.',
      request: z.object({ last: z.number().int().min(0).max(100).default(10) }),
      response: entry,
      // Each `yield` is one message: to a websocket, an EventSource, or a line of `m3o call feed Follow`.
      stream: async function* ({ last }, { signal }) {
        let seen = 0
        for (let request: object = { limit: Math.max(1, last) }; !signal.aborted; request = { after: seen }) {
          for (const next of await read(request, signal)) {
            if (last > 0 || seen > 0) yield next
            seen = next.id
          }
          await wait(500, undefined, { signal })
        }
      },
    }),

    Greet: endpoint({
      description: 'Has the greeter greet somebody; the page asks it, and sees the entry come back through Follow.',
      request: z.object({ name: z.string().trim().min(1).max(80) }),
      response: z.object({ message: z.string() }),
      run: ({ name }) => call<{ message: string }>('greeter', 'Hello', { name }),
    }),
  },
  {
    http: async (request, response) => {
      if (request.method !== 'GET' || new URL(request.url ?? '/', 'http://feed').pathname !== '/')
        return response.writeHead(404).end('Not found')
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(await readFile('page.html'))
    },
  },
)

/** A guestbook that is being deployed is not the end of a stream. */
async function read(request: object, signal: AbortSignal): Promise<Entry[]> {
  try {
    return (await call<{ entries: Entry[] }>('guestbook', 'Read', request, { signal })).entries
  } catch (error) {
    if (signal.aborted || !(error instanceof CallError) || error.code < 500) throw error
    console.warn(`no news from the guestbook: ${error.message}`)
    return []
  }
}
