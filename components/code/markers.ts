import { useSyncExternalStore } from 'react'
import { monaco, pathOf } from './monaco.ts'

export interface Problem { path: string; line: number; column: number; length: number; message: string; severity: 'error' | 'warning'; code: string | null }

let problems: readonly Problem[] = []

function look(): readonly Problem[] {
  return monaco.editor.getModelMarkers({}).flatMap((marker): Problem[] => {
    const path = pathOf(marker.resource)
    if (path === undefined || marker.severity < monaco.MarkerSeverity.Warning) return []
    const code = marker.code === undefined ? null : typeof marker.code === 'string' ? marker.code : marker.code.value
    return [{
      path, line: marker.startLineNumber, column: marker.startColumn, length: marker.startLineNumber === marker.endLineNumber ? marker.endColumn - marker.startColumn : 0,
      message: marker.message, severity: marker.severity === monaco.MarkerSeverity.Error ? 'error' : 'warning', code,
    }]
  }).sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1))
}

function subscribe(listener: () => void) {
  problems = look()
  const off = monaco.editor.onDidChangeMarkers(() => { problems = look(); listener() })
  return () => off.dispose()
}

/** What is wrong in the files that are open. */
export const useProblems = (): readonly Problem[] => useSyncExternalStore(subscribe, () => problems, () => problems)
