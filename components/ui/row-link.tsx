'use client'
import { clsx } from 'clsx'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import type { ComponentProps } from 'react'
import { rowLink } from './table.tsx'

/** The link of a table's row; the screen behind it is prefetched when it is pointed at, not for each row in sight. */
export function RowLink({ href, className, ...rest }: Omit<ComponentProps<typeof Link>, 'href' | 'prefetch'> & { href: string }) {
  const router = useRouter()
  const prefetch = () => router.prefetch(href)
  return <Link {...rest} href={href} prefetch={false} data-row-link onPointerEnter={prefetch} onFocus={prefetch} className={clsx(rowLink, className)} />
}
