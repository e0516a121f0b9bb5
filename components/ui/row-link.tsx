'use client'
import { clsx } from 'clsx'
import type { ComponentProps } from 'react'
import { Arriving } from './arriving.tsx'
import { PointedLink } from './pointed-link.tsx'
import { rowLink } from './table.tsx'

/** The link of a table's row. */
export function RowLink({ className, children, ...rest }: ComponentProps<typeof PointedLink>) {
  return (
    <PointedLink {...rest} data-row-link className={clsx(rowLink, className)}>
      {children}
      <Arriving what="screen" />
    </PointedLink>
  )
}
