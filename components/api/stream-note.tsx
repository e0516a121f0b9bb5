import { CopyButton } from '#components/ui/copy-button.tsx'
import { Panel } from '#components/ui/page.tsx'

/** How one that answers many times is listened to; sent from here, it is waited for to its end. */
export function StreamNote({ gateway, service, endpoint }: { gateway: string; service: string; endpoint: string }) {
  const address = `${gateway.replace(/^http/, 'ws')}/v1/${service}/${endpoint}`
  return (
    <Panel className="px-4 py-3">
      <h3 className="font-medium">Stream</h3>
      <p className="text-pretty text-muted">
        Open a websocket and send the request as the first message. Each message back is one response. With{' '}
        <code>Accept: text/event-stream</code> it is sent as events over plain HTTP. Here, messages are shown as they
        arrive, until the stream ends or you stop it.
      </p>
      <p className="mt-1.5 flex items-center gap-2">
        <code className="min-w-0 truncate text-small">{address}</code>
        <CopyButton text={address} label="Copy the websocket’s address" />
      </p>
    </Panel>
  )
}
