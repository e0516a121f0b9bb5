'use client'
import { useParams } from 'next/navigation'
import type { OfService } from '#client/paths.ts'

/** The service that the address names, for whatever is below `/services/{service}/`. */
export function useService(): OfService {
  const { team, environment, service } = useParams<{ team: string; environment: string; service: string }>()
  return { team, environment, service }
}
