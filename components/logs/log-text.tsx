import { memo, type CSSProperties } from 'react'
import { withoutAnsi } from '#components/ui/printed-text.ts'
import { parseAnsi, type Styled } from './ansi.ts'
import type { Finder, Spans } from './highlight.ts'

/** Text of a service, drawn as text and nothing else: its colours, and what the search looks for marked. */
export const LogText = memo(function LogText({ text, find }: { text: string; find: Finder | null }) {
  const pieces = parseAnsi(text)
  const spans = find?.(withoutAnsi(text)) ?? none
  if (pieces.length === 1 && spans.length === 0 && isPlain(pieces[0])) return pieces[0]?.text
  let at = 0
  return pieces.map((piece, index) => {
    const from = at
    at += piece.text.length
    const own = spans
      .filter(([start, end]) => end > from && start < at)
      .map(([start, end]): [number, number] => [Math.max(0, start - from), Math.min(piece.text.length, end - from)])
    const inside = own.length === 0 ? piece.text : marked(piece.text, own)
    return isPlain(piece) ? (
      <span key={index}>{inside}</span>
    ) : (
      <span key={index} style={styleOf(piece)}>
        {inside}
      </span>
    )
  })
})

const none: Spans = []
const isPlain = (piece: Styled | undefined) => piece === undefined || Object.keys(piece).length === 1

function marked(text: string, spans: Spans) {
  const parts: React.ReactNode[] = []
  let at = 0
  for (const [from, to] of spans) {
    if (from > at) parts.push(text.slice(at, from))
    parts.push(
      <mark key={from} className="rounded-[2px] bg-warn-soft text-text shadow-[0_0_0_1px_var(--color-warn)]">
        {text.slice(from, to)}
      </mark>,
    )
    at = to
  }
  parts.push(text.slice(at))
  return parts
}

/** The hue is the service's, the lightness ours: every colour can be read on both themes. */
function styleOf({ colour, ground, bold, faint, italic, underline, struck }: Styled): CSSProperties {
  return {
    ...(colour !== undefined && {
      color: `light-dark(oklch(from rgb(${colour}) 0.46 min(c, 0.17) h), oklch(from rgb(${colour}) 0.8 min(c, 0.15) h))`,
    }),
    ...(ground !== undefined && {
      backgroundColor: `light-dark(oklch(from rgb(${ground}) 0.94 min(c, 0.05) h), oklch(from rgb(${ground}) 0.3 min(c, 0.07) h))`,
    }),
    ...(bold && { fontWeight: 650 }),
    ...(faint && colour === undefined && { color: 'var(--color-muted)' }),
    ...(italic && { fontStyle: 'italic' }),
    ...((underline || struck) && {
      textDecoration: [underline && 'underline', struck && 'line-through'].filter(Boolean).join(' '),
    }),
  }
}
