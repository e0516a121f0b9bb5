import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { PlatformError } from '#contract/errors.ts'
import { metricsPath, metricsText, metricsType, processMetrics } from '#contract/metrics.ts'
import { request as ask } from '#contract/node-http.ts'
import { socketAddress } from '#contract/unix-socket.ts'
import { authorizePersonal } from '../authorize.ts'
import type { Web } from '../web.ts'
import type { Exchange } from './exchange.ts'

const answerMs = 5_000

/** `GET /metrics`, of web itself; `/metrics/runtime` and `/metrics/gateway`, of the others, who have no door of their own. */
export async function serveMetrics({ web, request, response, url, viewer }: Exchange): Promise<void> {
  if (request.method !== 'GET') throw new PlatformError('method_not_allowed', 'metrics are read with GET')
  authorizePersonal(await viewer(), 'platform.read')
  const process = url.pathname.slice(metricsPath.length)
  response.setHeader('content-type', metricsType).setHeader('cache-control', 'no-store')
  if (process === '') return void response.end(metricsText(processMetrics('web')))
  const socket = socketOf(web, process)
  if (socket === undefined)
    throw new PlatformError('not_found', 'these metrics do not exist', {
      fix: `Read ${metricsPath}, ${metricsPath}/runtime and ${metricsPath}/gateway.`,
    })
  await pipeline(await metricsOf(socket, process.slice(1)), response)
}

const socketOf = ({ settings }: Pick<Web, 'settings'>, process: string): string | undefined =>
  process === '/runtime' ? settings.runtimeSocket : process === '/gateway' ? settings.gatewaySocket : undefined

function metricsOf(socket: string, name: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const away = (cause?: unknown) =>
      reject(
        new PlatformError(
          'unavailable',
          `the ${name} does not report its metrics`,
          { fix: 'It is restarting. Try again in a moment.' },
          { cause },
        ),
      )
    ask(
      { socketPath: socketAddress(socket), path: metricsPath, agent: false, signal: AbortSignal.timeout(answerMs) },
      (answer) => {
        if (answer.statusCode === 200) return resolve(answer)
        answer.resume()
        away()
      },
    )
      .once('error', away)
      .end()
  })
}
