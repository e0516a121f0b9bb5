import { request } from './node-http.ts'

const answerMs = 2_000

/** Asks a service whether it is well: the status, or why there is none. Below 500 it is. `onAccepted` is told when it has taken the connection. */
export function askHealth(host: string, port: number, path: string, onAccepted = () => {}): Promise<number | string> {
  const { promise, resolve } = Promise.withResolvers<number | string>()
  const asked = request({
    host,
    port,
    path,
    agent: false,
    headers: { 'user-agent': 'm3o-check', connection: 'close' },
  })
  const timer = setTimeout(() => asked.destroy(new Error('it accepts connections, but does not respond')), answerMs)
  asked.once('socket', (socket) => socket.once('connect', onAccepted))
  asked.once('response', (response) => {
    response.resume()
    resolve(response.statusCode ?? 500)
    response.once('close', () => clearTimeout(timer))
    // A health path that streams for ever has answered.
    asked.destroy()
  })
  asked.once('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer)
    resolve(error.code === 'ECONNREFUSED' ? 'it does not listen on its port' : error.message)
  })
  asked.end()
  return promise
}
