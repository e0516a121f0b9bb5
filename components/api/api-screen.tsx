'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useTRPC } from '#client/trpc.ts'
import { useService } from '#components/frame/service.ts'
import { CallScreen } from './call-screen.tsx'

/** How to call one of the team's own services. */
export function ApiScreen() {
  const at = useService()
  const { data: service } = useSuspenseQuery(useTRPC().services.get.queryOptions(at))
  return <CallScreen service={service} name={at.service} />
}
