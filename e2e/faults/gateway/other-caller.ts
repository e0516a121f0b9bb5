/**
 * Somebody who has nothing to do with it, and calls another service: 200 calls a second on kept connections, from a process of its own that is not made to
 * wait for the processor. `{ url }` begins; each `{ report: true }` is answered with what was seen since the last one.
 */
import { Agent, request } from 'node:http'
import { setPriority } from 'node:os'

if (process.getuid?.() === 0) setPriority(-10)
const agent = new Agent({ keepAlive: true })
let times: number[] = []
let failed = 0

function call(url: string): void {
  const began = performance.now()
  const done = () => {
    times.push(performance.now() - began)
  }
  request(url, { agent, headers: { host: 'calm--demo.localhost' } }, (answer) => {
    if (answer.statusCode !== 200) failed++
    answer
      .resume()
      .once('end', done)
      .once('error', () => failed++)
  })
    .on('error', () => failed++)
    .end()
}

process.on('message', ({ url }: { url?: string; report?: true }) => {
  if (url !== undefined) return void setInterval(call, 5, url)
  times.sort((a, b) => a - b)
  process.send?.({
    calls: times.length,
    failed,
    p50: times[Math.floor(times.length / 2)] ?? Infinity,
    p99: times[Math.floor(times.length * 0.99)] ?? Infinity,
  })
  times = []
  failed = 0
})
process.once('disconnect', () => process.exit())
