import fc from 'fast-check'
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { Markdown } from './markdown.tsx'

const shown = (text: string) => renderToStaticMarkup(createElement(Markdown, { text }))
/** Elements and attributes that Markdown stands for, and nothing else, are ever made. */
const elements = new Set([
  'div',
  'h3',
  'h4',
  'h5',
  'h6',
  'p',
  'pre',
  'code',
  'ul',
  'ol',
  'li',
  'input',
  'blockquote',
  'hr',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
  'strong',
  'em',
  'del',
  'br',
  'a',
  'span',
  'button',
  'svg',
  'path',
  'rect',
  'polyline',
])
const attributes = new Set([
  'class',
  'href',
  'target',
  'rel',
  'type',
  'checked',
  'readOnly',
  'readonly',
  'tabindex',
  'tabIndex',
  'aria-label',
  'role',
  'aria-hidden',
  'start',
])

function problemsOf(html: string): string[] {
  const problems: string[] = []
  for (const [, name = '', rest = ''] of html.matchAll(/<([a-zA-Z][\w-]*)((?:"[^"]*"|[^>"])*)>/g)) {
    if (!elements.has(name.toLowerCase())) problems.push(`element ${name}`)
    for (const [, attribute = '', value = ''] of rest.matchAll(/\s([\w:-]+)(?:="([^"]*)")?/g)) {
      if (!attributes.has(attribute)) problems.push(`attribute ${attribute}`)
      if (attribute === 'href' && !/^(https?:|mailto:)/.test(value)) problems.push(`href ${value}`)
    }
  }
  return problems
}

const hostile = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<svg onload=alert(1)>',
  '<iframe src="javascript:alert(1)"></iframe>',
  '[a](javascript:alert(1))',
  '[a](JaVaScRiPt:alert(1))',
  '[a](&#106;avascript:alert(1))',
  '[a](java\tscript:alert(1))',
  '[a](data:text/html,<script>alert(1)</script>)',
  '[a](vbscript:x)',
  '[a](file:///etc/passwd)',
  '<javascript:alert(1)>',
  '[a]: javascript:alert(1)\n\n[a]',
  '![a](https://evil.example/pixel.png)',
  '![a](javascript:alert(1))',
  '![a](data:image/svg+xml;base64,PHN2Zz4=)',
  '<a href="javascript:alert(1)">x</a>',
  '<style>*{display:none}</style>',
  '<form action=/x><input name=q></form>',
  '<base href="https://evil.example/">',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '[a](https://example.com" onmouseover="alert(1))',
  '[a](https://example.com "x\\" onclick=alert(1)")',
  '`<img src=x onerror=alert(1)>`',
  '```html\n<script>alert(1)</script>\n```',
  '| <img src=x onerror=alert(1)> |\n|---|\n| [x](javascript:1) |',
  '<!-- --><script>alert(1)</script>',
  '<math><mi xlink:href="javascript:alert(1)">',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '# <img src=x onerror=alert(1)>',
  '- [ ] <svg onload=alert(1)>',
  '> <object data=x>',
  '[<img src=x>](https://example.com)',
]

test.each(hostile)('nothing of %s is markup', (text) => expect(problemsOf(shown(text))).toEqual([]))

test('what a document says of HTML is read as it was written, and its links lead to the web alone', () => {
  expect(shown('<b>bold</b>')).toContain('&lt;b&gt;')
  expect(shown('[docs](https://example.com/a)')).toContain('href="https://example.com/a"')
  expect(shown('[docs](javascript:alert(1))')).not.toContain('href')
  expect(shown('![a pixel](https://evil.example/p.png)')).not.toContain('evil.example')
})

test('no mixture of them is markup', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.constantFrom(...hostile),
          fc.constantFrom(
            '\n',
            '\n\n',
            ' ',
            '> ',
            '- ',
            '1. ',
            '# ',
            '|',
            '`',
            '```\n',
            '*',
            '_',
            '[',
            '](',
            ')',
            '<',
            '>',
            '"',
            '&',
            '\\',
          ),
          fc.string({ maxLength: 8 }),
        ),
        { maxLength: 12 },
      ),
      (parts) => {
        expect(problemsOf(shown(parts.join('')))).toEqual([])
      },
    ),
    { numRuns: 1_500 },
  )
})
