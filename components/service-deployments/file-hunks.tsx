'use client'
import { useSuspenseQuery } from '@tanstack/react-query'
import { structuredPatch } from 'diff'
import { useMemo } from 'react'
import type { FileChange } from '#contract/source.ts'
import type { OfService } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'

const mostLines = 2_000
const nothing = { text: '', isShown: true }

/** The lines of one file that changed, with three around them; worked out here, from the two blobs. */
export function FileHunks({
  at,
  change,
  from,
  to,
}: {
  at: OfService
  change: FileChange
  from: string | null
  to: string
}) {
  const before = useText(at, change.oldHash === null ? null : from, change.from ?? change.path)
  const after = useText(at, change.newHash === null ? null : to, change.path)
  const hunks = useMemo(
    () => structuredPatch('', '', before.text, after.text, '', '', { context: 3, timeout: 2_000 })?.hunks,
    [before.text, after.text],
  )
  if (!before.isShown || !after.isShown)
    return <p className="px-4 py-3 text-muted">The file is binary or larger than 1 MiB.</p>
  if (hunks === undefined)
    return <p className="px-4 py-3 text-muted">The versions differ too much to compare side by side.</p>
  if (hunks.length === 0)
    return <p className="px-4 py-3 text-muted">The text is the same: the file was moved, or its mode changed.</p>
  let left = mostLines
  return (
    <div
      tabIndex={0}
      role="region"
      aria-label={`Changes of ${change.path}`}
      className="overflow-x-auto font-mono text-small"
    >
      <table className="w-full min-w-max border-collapse">
        <tbody>
          {hunks.map((hunk, at) => {
            let [old, now] = [hunk.oldStart, hunk.newStart]
            return [
              <tr key={`${at}`} className="bg-sunken text-muted">
                <td colSpan={4} className="px-3 py-0.5">
                  @@ line {hunk.newStart}
                </td>
              </tr>,
              ...hunk.lines
                .filter((line) => !line.startsWith('\\'))
                .map((line, index) => {
                  if ((left -= 1) < 0) return null
                  const sign = line.charAt(0)
                  const numbers = sign === '+' ? ['', now++] : sign === '-' ? [old++, ''] : [old++, now++]
                  return (
                    <tr
                      key={`${at}.${index}`}
                      className={sign === '+' ? 'bg-ok-soft' : sign === '-' ? 'bg-bad-soft' : undefined}
                    >
                      <td className="w-10 pr-2 pl-3 text-right text-muted select-none">{numbers[0]}</td>
                      <td className="w-10 pr-2 text-right text-muted select-none">{numbers[1]}</td>
                      <td className="w-4 text-center select-none">{sign === '+' ? '+' : sign === '-' ? '−' : ''}</td>
                      <td className="pr-4 whitespace-pre">{line.slice(1)}</td>
                    </tr>
                  )
                }),
            ]
          })}
        </tbody>
      </table>
      {left < 0 && <p className="px-4 py-2 text-muted">Only the first {mostLines} lines are shown.</p>}
    </div>
  )
}

function useText(at: OfService, commit: string | null, path: string): { text: string; isShown: boolean } {
  const trpc = useTRPC()
  // A file that is not on one of the sides is asked for on neither: the query's own cache would hold an error for it.
  const options = trpc.source.read.queryOptions({ ...at, ref: { commit: commit ?? '' }, path })
  const { data } = useSuspenseQuery({
    ...options,
    ...(commit === null && { queryKey: [...options.queryKey, 'absent'] as never, queryFn: () => null as never }),
  })
  const file = data as { text: string | null } | null
  return file === null ? nothing : { text: file.text ?? '', isShown: file.text !== null }
}
