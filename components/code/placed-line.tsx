'use client'
import { useIde } from './ide.ts'
import { placesIn } from './places-in.ts'
import { fileTab } from './workspace.ts'

/** A line of output; where it names a place in the source, that is a link to it. */
export function PlacedLine({ text, files }: { text: string; files: ReadonlySet<string> }) {
  const { workspace } = useIde()
  return placesIn(text, files).map((part, index) => (part.place === undefined ? part.text : (
    <button key={index} type="button" className="text-accent underline underline-offset-2" onClick={() => { if (part.place) workspace.open(fileTab(part.place.path), { at: part.place }) }}>{part.text}</button>
  )))
}
