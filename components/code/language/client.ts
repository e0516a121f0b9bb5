import type { OfService } from '#client/paths.ts'
import { type Document, type Documents, isCode } from '../documents.ts'
import type { Problem } from '../markers.ts'
import { monaco, pathOf, uriOf } from '../monaco.ts'
import { LanguageConnection, type LanguageState } from './connection.ts'
import { ownProblems } from './problems.ts'
import { RestOfService } from './rest.ts'
import { type Diagnostic, rangeOf, rangeTo, severityOf } from './protocol.ts'

/** As the platform tells it: see runtime/languages/install-ahead.ts. */
export interface InstallState {
  state: 'installing' | 'installed' | 'failed'
  message?: string
  fix?: string
}

const owner = 'typescript'
const pullMs = 250
const pullOthersMs = 900

/** Keeps a TypeScript server and the open documents in step, and Monaco's markers with what it finds. */
export class LanguageClient {
  readonly connection: LanguageConnection
  readonly #documents: Documents
  readonly #shown = new Map<Document, { dispose(): void }>()
  readonly #listeners = new Set<() => void>()
  readonly #timers = new Map<Document, ReturnType<typeof setTimeout>>()
  readonly #stop: () => void
  readonly #rest: RestOfService
  #others: ReturnType<typeof setTimeout> | undefined
  #dependencies: ReadonlySet<string> = new Set()
  #root = 'file:///app'
  #ready = false
  #closed = false

  constructor(at: OfService, documents: Documents) {
    this.#documents = documents
    this.#rest = new RestOfService(
      (path) => this.#diagnose(uriOf(path)),
      () => this.#tell(),
    )
    this.connection = new LanguageConnection(at, {
      onReady: (root, dependencies) => this.#begin(root, dependencies),
      onNotification: (method, params) => {
        if (method === 'm3o/install') return this.#installs(params as InstallState)
        if (method === 'm3o/restart') this.#restarts = true
        if (method !== 'm3o/dependencies') return
        this.#dependencies = new Set((params as { dependencies: string[] }).dependencies)
        this.#pullAll()
      },
      onRequest: (method, params) => {
        if (method === 'workspace/configuration') return (params as { items: unknown[] }).items.map(() => null)
        if (method === 'workspace/diagnostic/refresh') this.#pullAll()
        return null
      },
      onState: (state) => {
        if (state !== 'ready') this.#ready = false
        this.#tell()
        // Its folders changed, or it slept while somebody types: it is wanted back at once.
        const restarts = this.#restarts && state === 'asleep'
        if (restarts) this.#restarts = false
        if (
          restarts ||
          (state === 'asleep' && document.visibilityState === 'visible' && Date.now() - this.#typedAt < 60_000)
        )
          this.connection.wake()
      },
    })
    this.#stop = documents.subscribe(() => this.#sync())
    this.#sync()
  }

  #typedAt = 0
  #restarts = false
  #install: InstallState = { state: 'installed' }

  get state(): LanguageState {
    return this.connection.state
  }
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Of the packages that package.json asks for. */
  get install(): InstallState {
    return this.#install
  }

  /** What is wrong in the files that are not open. */
  get problems(): ReadonlyMap<string, readonly Problem[]> {
    return this.#rest.problems
  }

  /** All files of the draft: those that are not open are checked as well. */
  setFiles(paths: readonly string[]): void {
    if (this.#rest.setFiles(paths)) this.#checkRest()
  }

  /** For the server: its root may be another folder than the editor's. */
  toServer(uri: monaco.Uri): string {
    const path = pathOf(uri)
    return path === undefined ? uri.toString() : `${this.#root}/${path.split('/').map(encodeURIComponent).join('/')}`
  }
  fromServer(uri: string): monaco.Uri {
    return uri.startsWith(`${this.#root}/`)
      ? uriOf(decodeURIComponent(uri.slice(this.#root.length + 1)))
      : monaco.Uri.parse(uri)
  }

  /** Asks about a document; undefined when the server is not there or has no answer. */
  async ask<T>(
    method: string,
    model: monaco.editor.ITextModel,
    params: object,
    token?: monaco.CancellationToken,
  ): Promise<T | undefined> {
    this.connection.wake()
    return this.#askAt(method, model.uri, params, token)
  }

  async #askAt<T>(
    method: string,
    uri: monaco.Uri,
    params: object,
    token?: monaco.CancellationToken,
  ): Promise<T | undefined> {
    if (!this.#ready) return undefined
    const answer = await this.connection
      .request<T | null>(method, { textDocument: { uri: this.toServer(uri) }, ...params }, token)
      .catch(() => undefined)
    return answer ?? undefined
  }

  /** The text of a declaration that lies outside the service's source. */
  async declaration(uri: monaco.Uri): Promise<string | undefined> {
    const { text } = await this.connection
      .request<{ text: string | null }>('m3o/read', { uri: uri.toString(true) })
      .catch(() => ({ text: null }))
    return text ?? undefined
  }

  close(): void {
    this.#closed = true
    this.#stop()
    this.#rest.stop()
    clearTimeout(this.#others)
    for (const timer of this.#timers.values()) clearTimeout(timer)
    for (const shown of this.#shown.values()) shown.dispose()
    this.connection.close()
  }

  async #begin(root: string, dependencies: string[]): Promise<void> {
    this.#root = root
    this.#install = { state: 'installed' }
    this.#dependencies = new Set(dependencies)
    await this.connection.request('initialize', {
      processId: null,
      rootUri: root,
      workspaceFolders: [{ uri: root, name: 'app' }],
      clientInfo: { name: 'M3O' },
      locale: 'en',
      capabilities,
      initializationOptions: {},
    })
    this.connection.notify('initialized', {})
    for (const shown of this.#shown.values()) shown.dispose()
    this.#shown.clear()
    this.#ready = true
    this.#sync()
    this.#pullAll()
  }

  /** Shows the server what is open, and takes back what is not any more. */
  #sync(): void {
    const code = this.#documents.all().filter(({ path }) => isCode(path))
    if (code.length > 0) this.connection.wake()
    if (!this.#ready) return
    let closed = false
    for (const [document, shown] of this.#shown) {
      if (code.includes(document)) continue
      shown.dispose()
      this.#shown.delete(document)
      closed = true
      this.connection.notify('textDocument/didClose', { textDocument: { uri: this.toServer(uriOf(document.path)) } })
    }
    for (const document of code) if (!this.#shown.has(document)) this.#show(document)
    if (closed) this.#checkRest()
  }

  #show(document: Document): void {
    const { model, path } = document
    const uri = this.toServer(model.uri)
    this.connection.notify('textDocument/didOpen', {
      textDocument: { uri, languageId: languageId(path), version: model.getVersionId(), text: model.getValue() },
    })
    this.#shown.set(
      document,
      model.onDidChangeContent(({ changes, versionId }) => {
        this.#typedAt = Date.now()
        this.connection.notify('textDocument/didChange', {
          textDocument: { uri, version: versionId },
          contentChanges: changes.map(({ range, text }) => ({ range: rangeTo(range), text })),
        })
        this.#pullSoon(document, pullMs)
        clearTimeout(this.#others)
        this.#others = setTimeout(() => this.#pullAll(), pullOthersMs)
      }),
    )
    this.#pullSoon(document, 0)
  }

  #pullAll(): void {
    for (const document of this.#shown.keys()) this.#pullSoon(document, 0)
    this.#checkRest()
  }

  #checkRest(): void {
    if (this.#ready && !this.#closed) void this.#rest.check((path) => this.#documents.get(path) !== undefined)
  }

  #pullSoon(document: Document, ms: number): void {
    clearTimeout(this.#timers.get(document))
    this.#timers.set(
      document,
      setTimeout(() => void this.#pull(document), ms),
    )
  }

  async #pull(document: Document): Promise<void> {
    const { model } = document
    if (this.#closed || model.isDisposed() || !this.#ready) return
    const version = model.getVersionId()
    const found = await this.#diagnose(model.uri)
    if (found === undefined || model.isDisposed() || model.getVersionId() !== version) return
    monaco.editor.setModelMarkers(
      model,
      owner,
      found.map((one) => ({
        ...rangeOf(one.range),
        message: one.message,
        severity: severityOf(one.severity),
        ...(one.code !== undefined && { code: String(one.code) }),
        source: 'ts',
        tags: (one.tags ?? []) as monaco.MarkerTag[],
        relatedInformation: (one.relatedInformation ?? []).map(({ location, message }) => ({
          resource: this.fromServer(location.uri),
          message,
          ...rangeOf(location.range),
        })),
      })),
    )
  }

  /** Also of a file that is not open: the server reads it from the draft's folder. */
  async #diagnose(uri: monaco.Uri): Promise<Diagnostic[] | undefined> {
    const report = await this.#askAt<{ items?: Diagnostic[] }>('textDocument/diagnostic', uri, {})
    return report?.items === undefined ? undefined : ownProblems(report.items, this.#dependencies)
  }

  #installs(state: InstallState): void {
    this.#install = state
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

function languageId(path: string): string {
  if (path.endsWith('x')) return path.endsWith('.tsx') ? 'typescriptreact' : 'javascriptreact'
  return /\.[cm]?ts$/.test(path) ? 'typescript' : 'javascript'
}

const capabilities = {
  workspace: {
    configuration: true,
    didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true },
    workspaceFolders: true,
    workspaceEdit: { documentChanges: true },
    diagnostics: { refreshSupport: true },
  },
  textDocument: {
    synchronization: { didSave: false },
    diagnostic: { dynamicRegistration: false, relatedDocumentSupport: false },
    completion: {
      completionItem: {
        snippetSupport: true,
        commitCharactersSupport: true,
        documentationFormat: ['markdown', 'plaintext'],
        preselectSupport: true,
        insertReplaceSupport: true,
        labelDetailsSupport: true,
        tagSupport: { valueSet: [1] },
        resolveSupport: { properties: ['documentation', 'detail', 'additionalTextEdits'] },
      },
      completionList: { itemDefaults: ['commitCharacters', 'editRange', 'insertTextFormat', 'data'] },
      contextSupport: true,
    },
    hover: { contentFormat: ['markdown', 'plaintext'] },
    signatureHelp: {
      signatureInformation: {
        documentationFormat: ['markdown'],
        parameterInformation: { labelOffsetSupport: true },
        activeParameterSupport: true,
      },
      contextSupport: true,
    },
    definition: { linkSupport: true },
    typeDefinition: { linkSupport: true },
    implementation: { linkSupport: true },
    references: {},
    documentHighlight: {},
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    formatting: {},
    rangeFormatting: {},
    rename: { prepareSupport: true },
    codeAction: {
      codeActionLiteralSupport: { codeActionKind: { valueSet: ['quickfix', 'refactor', 'source.organizeImports'] } },
      resolveSupport: { properties: ['edit'] },
      dataSupport: true,
    },
    publishDiagnostics: { tagSupport: { valueSet: [1, 2] } },
  },
}
