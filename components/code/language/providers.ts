import type { Documents } from '../documents.ts'
import { monaco, pathOf } from '../monaco.ts'
import type { LanguageClient } from './client.ts'
import { completionProvider } from './completion.ts'
import {
  type Diagnostic,
  type DocumentSymbol,
  editOf,
  type Location,
  type LocationLink,
  markdownOf,
  type Documentation,
  positionOf,
  type Range,
  rangeOf,
  rangeTo,
  type SignatureHelp,
  symbolKind,
  type TextEdit,
  type WorkspaceEdit,
} from './protocol.ts'

const languages = ['typescript', 'javascript']

/** What the server can do, as Monaco asks for it. */
export function registerProviders(client: LanguageClient, documents: Documents): () => void {
  const { languages: m } = monaco
  const at = (position: monaco.Position) => ({ position: positionOf(position) })

  /** Monaco peeks into models only: files of the draft become documents, declarations plain texts. */
  async function modelFor(uri: monaco.Uri): Promise<boolean> {
    if (monaco.editor.getModel(uri) !== null) return true
    const path = pathOf(uri)
    if (path !== undefined)
      return documents.load(path).then(
        (loaded) => 'document' in loaded,
        () => false,
      )
    const text = await client.declaration(uri)
    if (text === undefined || monaco.editor.getModel(uri) !== null) return text !== undefined
    monaco.editor.createModel(text, 'typescript', uri)
    return true
  }

  async function locations(
    method: string,
    model: monaco.editor.ITextModel,
    params: object,
    token: monaco.CancellationToken,
  ): Promise<monaco.languages.LocationLink[]> {
    const found = await client.ask<Location | (Location | LocationLink)[]>(method, model, params, token)
    const links = (found === undefined ? [] : Array.isArray(found) ? found : [found]).map(
      (one): monaco.languages.LocationLink =>
        'targetUri' in one
          ? {
              uri: client.fromServer(one.targetUri),
              range: rangeOf(one.targetRange),
              targetSelectionRange: rangeOf(one.targetSelectionRange),
              ...(one.originSelectionRange !== undefined && {
                originSelectionRange: rangeOf(one.originSelectionRange),
              }),
            }
          : { uri: client.fromServer(one.uri), range: rangeOf(one.range) },
    )
    const there = await Promise.all(links.map(({ uri }) => modelFor(uri)))
    return links.filter((_, index) => there[index])
  }

  /** A file that an edit reaches has to be open for Monaco to edit it; it is saved like one that is typed in. */
  async function workspaceEdit({ changes, documentChanges }: WorkspaceEdit): Promise<monaco.languages.WorkspaceEdit> {
    const files = [
      ...Object.entries(changes ?? {}).map(([uri, edits]) => ({ uri, edits })),
      ...(documentChanges ?? []).flatMap((change) =>
        'edits' in change ? [{ uri: change.textDocument.uri, edits: change.edits }] : [],
      ),
    ]
      .map(({ uri, edits }) => ({ resource: client.fromServer(uri), edits }))
      .filter(({ resource }) => pathOf(resource) !== undefined)
    const there = await Promise.all(files.map(({ resource }) => modelFor(resource)))
    return {
      edits: files
        .filter((_, index) => there[index])
        .flatMap(({ resource, edits }) =>
          edits.map((edit) => ({ resource, versionId: undefined, textEdit: editOf(edit) })),
        ),
    }
  }

  const actions = new WeakMap<monaco.languages.CodeAction, CodeAction>()
  const given = [
    m.registerCompletionItemProvider(languages, completionProvider(client)),

    m.registerHoverProvider(languages, {
      provideHover: async (model, position, token) => {
        const hover = await client.ask<{ contents: Documentation | Documentation[]; range?: Range }>(
          'textDocument/hover',
          model,
          at(position),
          token,
        )
        if (hover === undefined) return null
        const contents = (Array.isArray(hover.contents) ? hover.contents : [hover.contents]).flatMap(
          (one) => markdownOf(one) ?? [],
        )
        return { contents, ...(hover.range !== undefined && { range: rangeOf(hover.range) }) }
      },
    }),

    m.registerSignatureHelpProvider(languages, {
      signatureHelpTriggerCharacters: ['(', ',', '<'],
      signatureHelpRetriggerCharacters: [')'],
      provideSignatureHelp: async (model, position, token, context) => {
        const help = await client.ask<SignatureHelp>(
          'textDocument/signatureHelp',
          model,
          {
            ...at(position),
            context: {
              triggerKind: context.triggerKind,
              isRetrigger: context.isRetrigger,
              ...(context.triggerCharacter !== undefined && { triggerCharacter: context.triggerCharacter }),
            },
          },
          token,
        )
        if (help === undefined || help.signatures.length === 0) return null
        const signatures = help.signatures.map(({ label, documentation, parameters, activeParameter }) => ({
          label,
          documentation: markdownOf(documentation) ?? '',
          ...(activeParameter !== undefined && { activeParameter }),
          parameters: (parameters ?? []).map((one) => ({
            label: one.label,
            documentation: markdownOf(one.documentation) ?? '',
          })),
        }))
        return {
          value: { signatures, activeSignature: help.activeSignature ?? 0, activeParameter: help.activeParameter ?? 0 },
          dispose: () => {},
        }
      },
    }),

    m.registerDefinitionProvider(languages, {
      provideDefinition: (model, position, token) => locations('textDocument/definition', model, at(position), token),
    }),
    m.registerTypeDefinitionProvider(languages, {
      provideTypeDefinition: (model, position, token) =>
        locations('textDocument/typeDefinition', model, at(position), token),
    }),
    m.registerImplementationProvider(languages, {
      provideImplementation: (model, position, token) =>
        locations('textDocument/implementation', model, at(position), token),
    }),
    m.registerReferenceProvider(languages, {
      provideReferences: (model, position, { includeDeclaration }, token) =>
        locations('textDocument/references', model, { ...at(position), context: { includeDeclaration } }, token),
    }),
    m.registerDocumentHighlightProvider(languages, {
      provideDocumentHighlights: async (model, position, token) =>
        (
          await client.ask<{ range: Range; kind?: number }[]>(
            'textDocument/documentHighlight',
            model,
            at(position),
            token,
          )
        )?.map(({ range, kind }) => ({ range: rangeOf(range), kind: (kind ?? 1) - 1 })),
    }),

    m.registerRenameProvider(languages, {
      resolveRenameLocation: async (model, position, token) => {
        const found = await client.ask<Range | { range: Range; placeholder: string }>(
          'textDocument/prepareRename',
          model,
          at(position),
          token,
        )
        const word = model.getWordAtPosition(position)
        const range = found === undefined ? undefined : rangeOf('range' in found ? found.range : found)
        if (range === undefined)
          return {
            range: new monaco.Range(position.lineNumber, position.column, position.lineNumber, position.column),
            text: '',
            rejectReason: 'This cannot be renamed.',
          }
        return {
          range,
          text:
            found !== undefined && 'placeholder' in found
              ? found.placeholder
              : (word?.word ?? model.getValueInRange(range)),
        }
      },
      provideRenameEdits: async (model, position, newName, token) => {
        const edit = await client.ask<WorkspaceEdit>('textDocument/rename', model, { ...at(position), newName }, token)
        return edit === undefined
          ? { edits: [], rejectReason: 'The language server does not respond.' }
          : workspaceEdit(edit)
      },
    }),

    m.registerDocumentSymbolProvider(languages, {
      displayName: 'TypeScript',
      provideDocumentSymbols: async (model, token) =>
        (await client.ask<DocumentSymbol[]>('textDocument/documentSymbol', model, {}, token))?.map(symbolOf),
    }),

    m.registerDocumentFormattingEditProvider(languages, {
      provideDocumentFormattingEdits: async (model, { tabSize, insertSpaces }, token) =>
        (
          await client.ask<TextEdit[]>('textDocument/formatting', model, { options: { tabSize, insertSpaces } }, token)
        )?.map(editOf),
    }),
    m.registerDocumentRangeFormattingEditProvider(languages, {
      provideDocumentRangeFormattingEdits: async (model, range, { tabSize, insertSpaces }, token) =>
        (
          await client.ask<TextEdit[]>(
            'textDocument/rangeFormatting',
            model,
            { range: rangeTo(range), options: { tabSize, insertSpaces } },
            token,
          )
        )?.map(editOf),
    }),

    m.registerCodeActionProvider(languages, {
      provideCodeActions: async (model, range, context, token) => {
        const diagnostics: Diagnostic[] = context.markers.map((marker) => ({
          range: rangeTo(marker),
          message: marker.message,
          source: 'ts',
          ...(marker.code !== undefined && { code: Number(marker.code) }),
          severity: 1,
        }))
        const found = await client.ask<CodeAction[]>(
          'textDocument/codeAction',
          model,
          {
            range: rangeTo(range),
            context: {
              diagnostics,
              triggerKind: context.trigger,
              ...(context.only !== undefined && { only: [context.only] }),
            },
          },
          token,
        )
        const shown = await Promise.all(
          (found ?? [])
            .filter(({ command }) => command === undefined)
            .map(async (action) => {
              const one: monaco.languages.CodeAction = {
                title: action.title,
                ...(action.kind !== undefined && { kind: action.kind }),
                ...(action.isPreferred !== undefined && { isPreferred: action.isPreferred }),
                ...(action.edit !== undefined && { edit: await workspaceEdit(action.edit) }),
                ...(action.kind?.startsWith('quickfix') && { diagnostics: [...context.markers] }),
              }
              actions.set(one, action)
              return one
            }),
        )
        return { actions: shown, dispose: () => {} }
      },
      resolveCodeAction: async (one) => {
        const action = actions.get(one)
        if (one.edit !== undefined || action?.data === undefined) return one
        const resolved = await client.connection
          .request<CodeAction>('codeAction/resolve', action)
          .catch(() => undefined)
        return resolved?.edit === undefined ? one : { ...one, edit: await workspaceEdit(resolved.edit) }
      },
    }),
  ]
  return () => given.forEach((one) => one.dispose())
}

interface CodeAction {
  title: string
  kind?: string
  isPreferred?: boolean
  edit?: WorkspaceEdit
  command?: unknown
  data?: unknown
}

function symbolOf({
  name,
  detail,
  kind,
  range,
  selectionRange,
  children,
}: DocumentSymbol): monaco.languages.DocumentSymbol {
  return {
    name,
    detail: detail ?? '',
    kind: symbolKind(kind),
    tags: [],
    range: rangeOf(range),
    selectionRange: rangeOf(selectionRange),
    children: (children ?? []).map(symbolOf),
  }
}
