import { handoverPath } from '#contract/gateway-api.ts'
import { PlatformError } from '#contract/errors.ts'
import { consolePath } from '#contract/console-paths.ts'
import { localPath } from '#contract/local-path.ts'
import { parseHostLabel } from '#contract/names.ts'
import type { Settings } from '../settings.ts'
import type { Exchange } from './exchange.ts'

/** `GET /handover?host=…&to=…&state=…`: signs a browser in to a private service's host, by a code that works there once. */
export async function serveHandover({ web, request, response, url, viewer, from }: Exchange): Promise<void> {
  if (request.method !== 'GET') throw new PlatformError('method_not_allowed', 'open this address in a browser')
  const host = url.searchParams.get('host')?.toLowerCase() ?? ''
  const to = localPath(url.searchParams.get('to'))
  const state = url.searchParams.get('state')
  if (!isServiceHost(host, web.settings))
    throw new PlatformError('bad_request', 'no service has this host', { field: 'host' })
  // A sign-in begins at the service's host, in the browser that it is for.
  if (state === null) return redirect(onHost({ to }))
  const who = await viewer()
  if (who?.session === undefined) return redirect(consolePath.signIn(consolePath.handover({ host, to, state })))
  const { code } = await web.runtime.call(
    'access.handover',
    {
      sessionId: who.session.id,
      userId: who.person.id,
      host,
      state,
      expiresAt: who.session.expiresAt,
    },
    { actor: { ...who.actor, from } },
  )
  if (code === null) return redirect(consolePath.consent({ host, to }))
  redirect(onHost({ code, to }))

  function onHost(query: Record<string, string>): string {
    return `${web.settings.secure ? 'https' : 'http'}://${host}${handoverPath}?${new URLSearchParams(query).toString()}`
  }
  function redirect(location: string): void {
    response.writeHead(303, {
      location,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-length': 0,
    })
    response.end()
  }
}

/** `{service}[--{environment}]--{team}.{domain}`, at the gateway's port: a code sent anywhere else would be given away. */
export function isServiceHost(
  host: string,
  { domain, gatewayPort, proxied }: Pick<Settings, 'domain' | 'gatewayPort' | 'proxied'>,
): boolean {
  const [, label, port] =
    new RegExp(`^([a-z0-9-]{1,63})\\.${domain.toLowerCase().replaceAll('.', '\\.')}(?::(\\d{1,5}))?$`).exec(host) ?? []
  if (label === undefined || parseHostLabel(label) === undefined) return false
  return port === undefined ? proxied || gatewayPort === 80 : Number(port) === gatewayPort
}
