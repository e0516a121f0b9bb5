import type { ReactNode } from 'react'
import { withoutAnsi } from '#components/ui/printed-text.ts'
import { type Part, placesIn } from '#components/code/places-in.ts'

export type Place = NonNullable<Part['place']>

/** What a tool printed, as it printed it; places in the files are what `link` makes of them. */
export function FailureText({
  text,
  files,
  link,
}: {
  text: string
  files: ReadonlySet<string>
  link: (place: Place, text: string) => ReactNode
}) {
  return placesIn(withoutAnsi(text), files).map((part, index) => (
    <span key={index}>{part.place === undefined ? part.text : link(part.place, part.text)}</span>
  ))
}
