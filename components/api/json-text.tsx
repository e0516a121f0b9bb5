import { Fragment, memo } from 'react'
import { type TokenKind, tokensOf } from './json-tokens.ts'

const styles: Record<Exclude<TokenKind, 'plain'>, string> = {
  name: 'text-accent',
  string: 'text-text',
  literal: 'text-shared',
}

/** Printed JSON: names, texts, and numbers with other literals are told apart. */
export const JsonText = memo(function JsonText({ text }: { text: string }) {
  return (
    <span className="text-muted">
      {tokensOf(text).map(({ kind, text: part }, index) =>
        kind === 'plain' ? (
          <Fragment key={index}>{part}</Fragment>
        ) : (
          <span key={index} className={styles[kind]}>
            {part}
          </span>
        ),
      )}
    </span>
  )
})
