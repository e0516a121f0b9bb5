'use client'
import { useEffect, useRef } from 'react'
import { useIsDark } from '#components/frame/theme.ts'
import { languageOf } from './documents.ts'
import { editorOptions } from './editor-view.tsx'
import { applyTheme, monaco } from './monaco.ts'

const comparingMs = 5_000

/** Two texts side by side, one above the other where it is narrow. The right one may be a document that is being edited. */
export function DiffView({
  path,
  before,
  after,
  readOnly,
  label,
}: {
  path: string
  before: string
  after: string | monaco.editor.ITextModel
  readOnly: boolean
  label: string
}) {
  const box = useRef<HTMLDivElement>(null)
  const dark = useIsDark()
  useEffect(() => applyTheme(dark), [dark])
  useEffect(() => {
    if (box.current === null) return
    const language = languageOf(path)
    const original = monaco.editor.createModel(before, language)
    const modified = typeof after === 'string' ? monaco.editor.createModel(after, language) : after
    if (modified.isDisposed()) return original.dispose()
    const editor = monaco.editor.createDiffEditor(box.current, {
      ...editorOptions,
      theme: 'm3o',
      readOnly,
      originalEditable: false,
      renderSideBySide: true,
      useInlineViewWhenSpaceIsLimited: true,
      renderSideBySideInlineBreakpoint: 640,
      hideUnchangedRegions: { enabled: true },
      originalAriaLabel: `${label}, before`,
      modifiedAriaLabel: `${label}, after`,
      renderOverviewRuler: false,
    })
    editor.setModel({ original, modified })
    return () => {
      editor.dispose()
      // Its worker may be comparing them still, and fails when they are gone (monaco 0.57, WorkerBasedDocumentDiffProvider).
      setTimeout(() => {
        original.dispose()
        if (typeof after === 'string') modified.dispose()
      }, comparingMs)
    }
  }, [path, before, after, readOnly, label])
  return <div ref={box} className="absolute inset-0" />
}
