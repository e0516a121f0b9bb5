'use client'
import { useParams } from 'next/navigation'

/** Team and environment that the address names; for screens inside the frame. */
export function usePlace(): { team: string; environment: string } {
  const { team, environment } = useParams<{ team: string; environment: string }>()
  return { team, environment }
}
