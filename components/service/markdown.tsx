import type { Token, Tokens } from 'marked'
import { Fragment, memo, type ReactNode } from 'react'
import { tokensOf } from './markdown-tokens.ts'
import { safeLink } from './safe-link.ts'

/**
 * Markdown as elements: no markup is ever made from its text, so what it holds of HTML is shown as it was written. Links
 * lead only to the web and to addresses of mail, and no image is loaded, since each would tell its host who looks.
 */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const tokens = tokensOf(text)
  if (tokens === undefined)
    return (
      <pre tabIndex={0} className="overflow-x-auto text-small whitespace-pre-wrap">
        {text}
      </pre>
    )
  return (
    <div className="flex max-w-[72ch] flex-col gap-3 text-pretty break-words [&_code]:rounded-[4px] [&_code]:bg-sunken [&_code]:px-1 [&_code]:text-small">
      {blocks(tokens)}
    </div>
  )
})

function blocks(tokens: readonly Token[]): ReactNode {
  return tokens.map((token, index) => <Fragment key={index}>{block(token as MarkedToken)}</Fragment>)
}

type MarkedToken =
  | Tokens.Heading
  | Tokens.Paragraph
  | Tokens.Code
  | Tokens.List
  | Tokens.Blockquote
  | Tokens.Table
  | Tokens.Hr
  | Tokens.HTML
  | Tokens.Space
  | Tokens.Text
  | Tokens.Def

const headings = ['text-title font-semibold', 'text-large font-semibold pt-2', 'font-semibold pt-1']

function block(token: MarkedToken): ReactNode {
  switch (token.type) {
    case 'heading': {
      // The page has its own first and second levels.
      const Heading = (['h3', 'h4', 'h5', 'h6'] as const)[Math.min(3, token.depth - 1)] ?? 'h6'
      return <Heading className={headings[Math.min(2, token.depth - 1)]}>{inline(token.tokens)}</Heading>
    }
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>
    case 'code':
      return (
        <pre tabIndex={0} className="overflow-x-auto rounded border border-border bg-sunken px-3 py-2 text-small">
          {token.text}
        </pre>
      )
    case 'list': {
      const List = token.ordered ? 'ol' : 'ul'
      return (
        <List className={`flex flex-col gap-1 pl-5 ${token.ordered ? 'list-decimal' : 'list-disc'} marker:text-muted`}>
          {token.items.map((item, index) => (
            <li key={index}>
              {item.task && (
                <input
                  type="checkbox"
                  checked={item.checked ?? false}
                  readOnly
                  tabIndex={-1}
                  aria-label={item.checked ? 'done' : 'to do'}
                  className="mr-1.5"
                />
              )}
              {blocks(item.tokens)}
            </li>
          ))}
        </List>
      )
    }
    case 'blockquote':
      return (
        <blockquote className="flex flex-col gap-2 border-l-2 border-border-strong pl-3 text-muted">
          {blocks(token.tokens)}
        </blockquote>
      )
    case 'hr':
      return <hr className="border-border" />
    case 'table':
      return (
        <div tabIndex={0} role="region" aria-label="Table" className="overflow-x-auto">
          <table className="text-left">
            <thead>
              <tr>
                {token.header.map((cell, index) => (
                  <th key={index} className="border-b border-border-strong py-1 pr-6 font-medium">
                    {inline(cell.tokens)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {token.rows.map((row, at) => (
                <tr key={at}>
                  {row.map((cell, index) => (
                    <td key={index} className="border-b border-border py-1 pr-6">
                      {inline(cell.tokens)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )
    case 'html':
      return <p className="font-mono text-small text-muted">{token.raw}</p>
    case 'text':
      return inline(token.tokens ?? [token])
    default:
      return null
  }
}

function inline(tokens: readonly Token[] | undefined): ReactNode {
  return (tokens ?? []).map((token, index) => <Fragment key={index}>{span(token)}</Fragment>)
}

function span(token: Token): ReactNode {
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token.tokens)}</strong>
    case 'em':
      return <em>{inline(token.tokens)}</em>
    case 'del':
      return <del>{inline(token.tokens)}</del>
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>
    case 'br':
      return <br />
    case 'link': {
      const href = safeLink((token as Tokens.Link).href)
      return href === undefined ? (
        inline(token.tokens)
      ) : (
        <a href={href} target="_blank" rel="noreferrer nofollow" className="text-accent">
          {inline(token.tokens)}
        </a>
      )
    }
    case 'image':
      return <span className="text-muted">[{(token as Tokens.Image).text || 'image'}]</span>
    case 'text':
      return token.tokens === undefined ? unescape((token as Tokens.Text).text) : inline(token.tokens)
    case 'escape':
      return (token as Tokens.Escape).text
    default:
      return token.raw
  }
}

/** The few that people write in Markdown; React escapes again whatever they stand for. */
const entities: Record<string, string> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': '\u00a0',
}
const unescape = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (entity) => entities[entity] ?? entity)
