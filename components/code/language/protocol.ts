import { monaco } from '../monaco.ts'

/**
 * The parts of the Language Server Protocol that the editor uses, and what they are in Monaco. Positions count UTF-16
 * units in both; the protocol from 0, Monaco from 1.
 */
export interface Position {
  line: number
  character: number
}
export interface Range {
  start: Position
  end: Position
}
export interface Location {
  uri: string
  range: Range
}
export interface LocationLink {
  targetUri: string
  targetRange: Range
  targetSelectionRange: Range
  originSelectionRange?: Range
}
export interface TextEdit {
  range: Range
  newText: string
}
interface Markup {
  kind: 'markdown' | 'plaintext'
  value: string
}
export type Documentation = string | Markup

export interface Diagnostic {
  range: Range
  severity?: 1 | 2 | 3 | 4
  code?: number | string
  source?: string
  message: string
  tags?: number[]
  relatedInformation?: { location: Location; message: string }[]
}

export interface CompletionItem {
  label: string
  labelDetails?: { detail?: string; description?: string }
  kind?: number
  tags?: number[]
  detail?: string
  documentation?: Documentation
  preselect?: boolean
  sortText?: string
  filterText?: string
  insertText?: string
  insertTextFormat?: 1 | 2
  textEdit?: TextEdit | { newText: string; insert: Range; replace: Range }
  textEditText?: string
  additionalTextEdits?: TextEdit[]
  commitCharacters?: string[]
  data?: unknown
}
export interface CompletionList {
  isIncomplete: boolean
  items: CompletionItem[]
  itemDefaults?: {
    commitCharacters?: string[]
    editRange?: Range | { insert: Range; replace: Range }
    insertTextFormat?: 1 | 2
    data?: unknown
  }
}

export interface WorkspaceEdit {
  changes?: Record<string, TextEdit[]>
  documentChanges?: ({ textDocument: { uri: string }; edits: TextEdit[] } | { kind: string })[]
}

export interface DocumentSymbol {
  name: string
  detail?: string
  kind: number
  range: Range
  selectionRange: Range
  children?: DocumentSymbol[]
}
export interface SignatureHelp {
  signatures: {
    label: string
    documentation?: Documentation
    parameters?: { label: string | [number, number]; documentation?: Documentation }[]
    activeParameter?: number
  }[]
  activeSignature?: number
  activeParameter?: number
}

export const positionOf = ({ lineNumber, column }: monaco.IPosition): Position => ({
  line: lineNumber - 1,
  character: column - 1,
})
export const rangeTo = (range: monaco.IRange): Range => ({
  start: { line: range.startLineNumber - 1, character: range.startColumn - 1 },
  end: { line: range.endLineNumber - 1, character: range.endColumn - 1 },
})
export const rangeOf = ({ start, end }: Range): monaco.IRange => ({
  startLineNumber: start.line + 1,
  startColumn: start.character + 1,
  endLineNumber: end.line + 1,
  endColumn: end.character + 1,
})
export const editOf = ({ range, newText }: TextEdit) => ({ range: rangeOf(range), text: newText })
/** Declarations' comments are somebody else's text: no HTML, no command links. */
export const markdownOf = (given: Documentation | undefined): monaco.IMarkdownString | undefined =>
  given === undefined
    ? undefined
    : { value: typeof given === 'string' ? given : given.value, isTrusted: false, supportHtml: false }

const K = monaco.languages.CompletionItemKind
/** By the protocol's numbers, which begin at 1. */
const completionKinds = [
  K.Text,
  K.Text,
  K.Method,
  K.Function,
  K.Constructor,
  K.Field,
  K.Variable,
  K.Class,
  K.Interface,
  K.Module,
  K.Property,
  K.Unit,
  K.Value,
  K.Enum,
  K.Keyword,
  K.Snippet,
  K.Color,
  K.File,
  K.Reference,
  K.Folder,
  K.EnumMember,
  K.Constant,
  K.Struct,
  K.Event,
  K.Operator,
  K.TypeParameter,
]
export const completionKind = (kind: number | undefined) => completionKinds[kind ?? 1] ?? K.Text
/** Monaco counts these from 0, otherwise they are the same. */
export const symbolKind = (kind: number): monaco.languages.SymbolKind => kind - 1

const S = monaco.MarkerSeverity
const severities = [S.Error, S.Error, S.Warning, S.Info, S.Hint]
export const severityOf = (severity: number | undefined) => severities[severity ?? 1] ?? S.Error
