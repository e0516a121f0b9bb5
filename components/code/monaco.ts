import * as monaco from 'monaco-editor/editor'
import 'monaco-editor/features/register.all'
import 'monaco-editor/languages/definitions/typescript/register'
import 'monaco-editor/languages/definitions/javascript/register'
import 'monaco-editor/languages/definitions/python/register'
import 'monaco-editor/languages/definitions/go/register'
import 'monaco-editor/languages/definitions/rust/register'
import 'monaco-editor/languages/definitions/java/register'
import 'monaco-editor/languages/definitions/kotlin/register'
import 'monaco-editor/languages/definitions/ruby/register'
import 'monaco-editor/languages/definitions/php/register'
import 'monaco-editor/languages/definitions/csharp/register'
import 'monaco-editor/languages/definitions/markdown/register'
import 'monaco-editor/languages/definitions/html/register'
import 'monaco-editor/languages/definitions/css/register'
import 'monaco-editor/languages/definitions/scss/register'
import 'monaco-editor/languages/definitions/sql/register'
import 'monaco-editor/languages/definitions/yaml/register'
import 'monaco-editor/languages/definitions/xml/register'
import 'monaco-editor/languages/definitions/shell/register'
import 'monaco-editor/languages/definitions/dockerfile/register'
import 'monaco-editor/languages/definitions/ini/register'
import 'monaco-editor/languages/definitions/protobuf/register'
import 'monaco-editor/languages/definitions/graphql/register'
import 'monaco-editor/languages/features/json/register'
import { readPalette } from '#components/terminal/palette.ts'

/** Monaco from the package, with the languages that services are written in; TypeScript's own worker stays out. */
export { monaco }

export const fontFamily = "'JetBrains Mono Variable', ui-monospace, monospace"

/** Where Monaco, and the language server with it, sees the service's source. */
const root = '/app/'

let prepared = false

export function prepareMonaco(): void {
  if (prepared) return
  prepared = true
  const scope = globalThis as { MonacoEnvironment?: { getWorker(id: string, label: string): Worker } }
  scope.MonacoEnvironment = {
    getWorker: (_id, label) =>
      label === 'json'
        ? new Worker(new URL('monaco-editor/languages/features/json/json.worker.js', import.meta.url), {
            type: 'module',
          })
        : new Worker(new URL('monaco-editor/editor/editor.worker.js', import.meta.url), { type: 'module' }),
  }
}

export const uriOf = (path: string): monaco.Uri => monaco.Uri.from({ scheme: 'file', path: root + path })
/** Path in the tree; undefined for what lies elsewhere, such as declarations. */
export function pathOf(uri: monaco.Uri): string | undefined {
  if (uri.scheme !== 'file' || !uri.path.startsWith(root)) return undefined
  const path = uri.path.slice(root.length)
  return path.startsWith('node_modules/') ? undefined : path
}

/** The editor's colours are the console's, read from its tokens. */
export function applyTheme(dark: boolean): void {
  const c = readPalette()
  const bare = (colour: string) => colour.slice(1)
  monaco.editor.defineTheme('m3o', {
    base: dark ? 'vs-dark' : 'vs',
    inherit: true,
    rules: [
      { token: 'comment', foreground: bare(c.muted), fontStyle: 'italic' },
      { token: 'keyword', foreground: bare(c.personal) },
      { token: 'string', foreground: bare(c.ok) },
      { token: 'number', foreground: bare(c.warn) },
      { token: 'regexp', foreground: bare(c.bad) },
      { token: 'type', foreground: bare(c.shared) },
      { token: 'tag', foreground: bare(c.accent) },
      { token: 'attribute.name', foreground: bare(c.shared) },
    ],
    colors: {
      'editor.background': c.surface,
      'editor.foreground': c.text,
      'editorGutter.background': c.surface,
      'editor.lineHighlightBackground': `${c.hover}80`,
      'editor.lineHighlightBorder': '#00000000',
      'editorLineNumber.foreground': c.muted,
      'editorLineNumber.activeForeground': c.text,
      'editorCursor.foreground': c.accent,
      'editor.selectionBackground': `${c.accent}40`,
      'editor.inactiveSelectionBackground': `${c.accent}26`,
      'editorWidget.background': c.raised,
      'editorWidget.border': c.borderStrong,
      'editorHoverWidget.background': c.raised,
      'editorHoverWidget.border': c.borderStrong,
      'editorSuggestWidget.background': c.raised,
      'editorSuggestWidget.border': c.borderStrong,
      'editorSuggestWidget.selectedBackground': c.chosen,
      'editorSuggestWidget.selectedForeground': c.text,
      'editorSuggestWidget.highlightForeground': c.accent,
      'editorSuggestWidget.focusHighlightForeground': c.accent,
      'list.hoverBackground': c.hover,
      'list.activeSelectionBackground': c.chosen,
      'list.activeSelectionForeground': c.text,
      'list.focusBackground': c.chosen,
      'input.background': c.raised,
      'input.border': c.borderStrong,
      focusBorder: c.accent,
      'editorIndentGuide.background1': c.border,
      'editorIndentGuide.activeBackground1': c.borderStrong,
      'scrollbarSlider.background': `${c.muted}40`,
      'scrollbarSlider.hoverBackground': `${c.muted}60`,
      'scrollbar.shadow': '#00000000',
      'editorError.foreground': c.bad,
      'editorWarning.foreground': c.warn,
      'editorInfo.foreground': c.accent,
      'diffEditor.insertedTextBackground': `${c.ok}33`,
      'diffEditor.removedTextBackground': `${c.bad}33`,
      'diffEditor.insertedLineBackground': `${c.ok}1a`,
      'diffEditor.removedLineBackground': `${c.bad}1a`,
      'editorStickyScroll.background': c.surface,
      'peekViewEditor.background': c.sunken,
      'peekViewResult.background': c.sunken,
      'peekViewTitle.background': c.raised,
      'editorOverviewRuler.border': '#00000000',
      'menu.background': c.raised,
      'menu.border': c.borderStrong,
      'menu.selectionBackground': c.hover,
      'menu.selectionForeground': c.text,
      'menu.foreground': c.text,
      'quickInput.background': c.raised,
      'widget.shadow': '#00000022',
      'editorBracketHighlight.foreground1': c.text,
      'editorBracketHighlight.foreground2': c.accent,
      'editorBracketHighlight.foreground3': c.personal,
    },
  })
  monaco.editor.setTheme('m3o')
}
