'use client'
import { useEffect, useEffectEvent, useRef } from 'react'
import { runAction } from '#components/frame/actions.ts'
import { toastError } from '#client/toasts.ts'
import { PlatformError } from '#contract/errors.ts'
import { useIsDark } from '#components/frame/theme.ts'
import { useIde } from './ide.ts'
import { applyTheme, fontFamily, monaco } from './monaco.ts'
import type { TabKey } from './workspace.ts'

export const editorOptions: monaco.editor.IEditorOptions & monaco.editor.IGlobalEditorOptions = {
  fontFamily,
  fontSize: 13,
  lineHeight: 20,
  fontLigatures: false,
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  automaticLayout: true,
  smoothScrolling: false,
  padding: { top: 8, bottom: 8 },
  renderLineHighlight: 'line',
  bracketPairColorization: { enabled: false },
  guides: { indentation: true },
  stickyScroll: { enabled: true },
  tabSize: 2,
  fixedOverflowWidgets: true,
  'semanticHighlighting.enabled': false,
  overviewRulerBorder: false,
  lineNumbersMinChars: 3,
  wordBasedSuggestions: 'currentDocument',
  accessibilitySupport: 'auto',
  suggest: { showWords: false },
  unicodeHighlight: { ambiguousCharacters: true },
  glyphMargin: false,
  folding: true,
  renderWhitespace: 'selection',
}

/** Monaco's keys do what the screen's actions do, with the same permission. */
const act = (id: string) => () => runAction(id, (reason) => toastError(new PlatformError('forbidden', reason)))

const states = new WeakMap<monaco.editor.ITextModel, monaco.editor.ICodeEditorViewState>()
/** Of editors that were left, by their place and tab: cursor and scroll are there again when one comes back. */
const left = new Map<string, monaco.editor.ICodeEditorViewState>()
/** Places in which the text had the focus last. */
const typing = new Set<string>()

/** One editor for all text tabs: it takes the model of the one in front, and each keeps its place. */
export function EditorView({
  tab,
  model,
  readOnly,
  label,
  onCursor,
}: {
  tab: TabKey
  model: monaco.editor.ITextModel
  readOnly: string | null
  label: string
  onCursor: (position: monaco.Position) => void
}) {
  const { workspace, documents, at } = useIde()
  const place = `${at.team}/${at.environment}/${at.service}`
  const box = useRef<HTMLDivElement>(null)
  const editor = useRef<monaco.editor.IStandaloneCodeEditor>(undefined)
  const dark = useIsDark()
  const cursor = useEffectEvent(onCursor)
  const front = useEffectEvent(() => tab)
  const keep = useEffectEvent(() => {
    const state = editor.current?.getModel() === model ? editor.current.saveViewState() : null
    if (state !== null) left.set(`${place} ${tab}`, state)
  })

  useEffect(() => applyTheme(dark), [dark])
  useEffect(() => {
    if (box.current === null) return
    const made = monaco.editor.create(box.current, { ...editorOptions, model: null, theme: 'm3o' })
    editor.current = made
    const { Alt, CtrlCmd, Shift } = monaco.KeyMod
    made.addAction({
      id: 'm3o.deploy',
      label: 'Deploy',
      keybindings: [CtrlCmd | Shift | monaco.KeyCode.Enter],
      run: act('code.deploy'),
    })
    made.addAction({
      id: 'm3o.save',
      label: 'Save now',
      keybindings: [CtrlCmd | monaco.KeyCode.KeyS],
      run: act('code.save'),
    })
    made.addAction({
      id: 'm3o.open',
      label: 'Go to file',
      keybindings: [CtrlCmd | monaco.KeyCode.KeyP],
      run: act('code.open'),
    })
    // Monaco's own keys that begin with this one would swallow it, and what is typed next.
    made.addAction({
      id: 'm3o.palette',
      label: 'Search and commands',
      keybindings: [CtrlCmd | monaco.KeyCode.KeyK],
      run: act('palette'),
    })
    // Monaco's own key for it on Linux is the browser's.
    made.addAction({
      id: 'm3o.format',
      label: 'Format the file',
      keybindings: [Shift | Alt | monaco.KeyCode.KeyF],
      run: (at) => at.getAction('editor.action.formatDocument')?.run(),
    })
    const given = [
      made.onDidChangeCursorPosition(({ position }) => cursor(position)),
      made.onDidFocusEditorText(() => typing.add(place)),
      made.onDidBlurEditorText(() => documents.nudge()),
      made.onDidChangeModelContent(({ isFlush }) => {
        if (!isFlush) workspace.pin(front())
      }),
    ]
    return () => {
      const shown = made.getModel()
      const state = made.saveViewState()
      if (shown !== null && state !== null) {
        states.set(shown, state)
        left.set(`${place} ${front()}`, state)
      }
      given.forEach((one) => one.dispose())
      made.dispose()
      editor.current = undefined
    }
  }, [documents, workspace, place])

  useEffect(() => {
    const current = editor.current
    if (current === undefined || model.isDisposed()) return
    const before = current.getModel()
    if (before !== model) {
      const state = current.saveViewState()
      if (before !== null && state !== null) states.set(before, state)
      // Before the editor lets go of it: who leaves the screen closes the text first.
      const closing = model.onWillDispose(() => keep())
      current.onDidDispose(() => closing.dispose())
      current.setModel(model)
      current.restoreViewState(states.get(model) ?? left.get(`${place} ${tab}`) ?? null)
      const position = current.getPosition()
      if (position !== null) cursor(position)
    }
    current.updateOptions({ readOnly: readOnly !== null, readOnlyMessage: { value: readOnly ?? '' }, ariaLabel: label })
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- another file is another model: `place` and `tab` change with it
  }, [model, readOnly, label])

  // Who typed here before goes on typing, unless something else has the focus by now.
  useEffect(() => {
    if (typing.has(place) && (document.activeElement === document.body || document.activeElement?.id === 'screen'))
      editor.current?.focus()
  }, [place])

  const { reveal } = workspace
  const count = reveal?.key === tab ? reveal.count : 0
  useEffect(() => {
    const wanted = workspace.reveal
    const current = editor.current
    if (count === 0 || wanted === null || current === undefined) return
    workspace.reveal = null
    if (wanted.line > 0) {
      const { line, column, length } = wanted
      current.setSelection(new monaco.Range(line, column, line, column + length))
      current.revealRangeInCenterIfOutsideViewport(new monaco.Range(line, column, line, column + length))
    }
    if (wanted.focus) current.focus()
  }, [count, workspace, model])

  return <div ref={box} className="absolute inset-0" />
}
