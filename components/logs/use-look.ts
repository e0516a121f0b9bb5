'use client'
import { useSearchParams } from 'next/navigation'
import { useCallback, useMemo, useState } from 'react'
import { formatLook, type Look, parseLook, plainLook } from './look.ts'

/** The look that the address says, or, for a view inside another screen, its own. */
export function useLook(service: string | undefined, inAddress: boolean): [Look, (change: Partial<Look>) => void] {
  const query = useSearchParams().toString()
  const [own, setOwn] = useState<Look>({ ...plainLook, dense: true })
  const said = useMemo(() => parseLook(new URLSearchParams(query), service), [query, service])
  const change = useCallback(
    (changed: Partial<Look>) => {
      if (!inAddress) return setOwn((before) => ({ ...before, ...changed }))
      const before = parseLook(new URLSearchParams(window.location.search), service)
      const next = formatLook({ ...before, ...changed })
      window.history.replaceState(null, '', `${window.location.pathname}${next === '' ? '' : `?${next}`}`)
    },
    [inAddress, service],
  )
  return [inAddress ? said : own, change]
}
