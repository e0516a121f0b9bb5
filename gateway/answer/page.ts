import type { PlatformError } from '#contract/errors.ts'
import { STATUS_CODES } from '#contract/node-http.ts'

const style = `
:root{color-scheme:light dark;--ink:#18181b;--soft:#71717a;--paper:#fff;--line:#e4e4e7}
@media(prefers-color-scheme:dark){:root{--ink:#fafafa;--soft:#a1a1aa;--paper:#09090b;--line:#27272a}}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:32rem;padding:2rem}p{margin:.5rem 0;color:var(--soft)}h1{font-size:1.25rem;font-weight:600;margin:0}
small{display:block;margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft)}a{color:inherit}`

/** What a browser shows when a service cannot be: no script, nothing from elsewhere. */
export function page(error: PlatformError, console: string): string {
  const message = error.message.charAt(0).toUpperCase() + error.message.slice(1)
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(message)}</title><style>${style}</style></head><body><main><h1>${escape(message)}</h1>
${error.fix === undefined ? '' : `<p>${escape(error.fix)}</p>`}
<small>${error.status} ${escape(STATUS_CODES[error.status] ?? '')} · <a href="${escape(console)}">M3O console</a></small></main></body></html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
