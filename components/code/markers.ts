import { useMemo, useSyncExternalStore } from 'react'
import { sentence } from '#components/ui/problem.ts'
import type { InstallState } from './language/client.ts'
import type { Ide } from './ide.ts'
import { monaco, pathOf } from './monaco.ts'

export interface Problem {
  path: string
  line: number
  column: number
  length: number
  message: string
  severity: 'error' | 'warning'
  code: string | null
}

let problems: readonly Problem[] = []

function look(): readonly Problem[] {
  return monaco.editor.getModelMarkers({}).flatMap((marker): Problem[] => {
    const path = pathOf(marker.resource)
    if (path === undefined || marker.severity < monaco.MarkerSeverity.Warning) return []
    const code = marker.code === undefined ? null : typeof marker.code === 'string' ? marker.code : marker.code.value
    return [
      {
        path,
        line: marker.startLineNumber,
        column: marker.startColumn,
        length: marker.startLineNumber === marker.endLineNumber ? marker.endColumn - marker.startColumn : 0,
        message: marker.message,
        severity: marker.severity === monaco.MarkerSeverity.Error ? 'error' : 'warning',
        code,
      },
    ]
  })
}

function subscribe(listener: () => void) {
  problems = look()
  const off = monaco.editor.onDidChangeMarkers(() => {
    problems = look()
    listener()
  })
  return () => off.dispose()
}

/** What is wrong in the service: Monaco knows of the files that are open, the language server of the others. */
export function useProblems({ documents, language }: Pick<Ide, 'documents' | 'language'>): readonly Problem[] {
  const open = useSyncExternalStore(
    subscribe,
    () => problems,
    () => problems,
  )
  const rest = useSyncExternalStore(
    language.subscribe,
    () => language.problems,
    () => language.problems,
  )
  const version = useSyncExternalStore(documents.subscribe, documents.version, documents.version)
  const install = useSyncExternalStore(
    language.subscribe,
    () => language.install,
    () => language.install,
  )
  return useMemo(() => {
    const closed = [...rest].flatMap(([path, found]) => (documents.get(path) === undefined ? found : []))
    return [...open, ...closed, ...packageProblem(install)].sort((a, b) =>
      a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1,
    )
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `version` tells that `documents` changed inside
  }, [open, rest, documents, version, install])
}

function packageProblem({ state, message = '', fix = '' }: InstallState): Problem[] {
  return state === 'failed'
    ? [
        {
          path: 'package.json',
          line: 1,
          column: 1,
          length: 0,
          message: [message, fix].filter(Boolean).map(sentence).join(' '),
          severity: 'error',
          code: null,
        },
      ]
    : []
}
