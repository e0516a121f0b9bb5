import type { Metadata } from 'next'
import { ServiceLogs } from '#components/logs/service-logs.tsx'

export const metadata: Metadata = { title: 'Logs' }

/** The lines come over the socket: there is nothing to prefetch but what the service's head has. */
export default function ServiceLogsPage() {
  return <ServiceLogs />
}
