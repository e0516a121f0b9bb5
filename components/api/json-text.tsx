import { Fragment, memo } from 'react'

/** Printed JSON with its names quieter than its values. */
export const JsonText = memo(function JsonText({ text }: { text: string }) {
  const parts = text.split(/("(?:\\.|[^"\\])*"(?=:))/g)
  return parts.map((part, index) => (index % 2 === 1 ? <span key={index} className="text-muted">{part}</span> : <Fragment key={index}>{part}</Fragment>))
})
