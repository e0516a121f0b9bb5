import type { FileChange } from '#contract/source.ts'

const marks: Record<FileChange['change'], { sign: string; tone: string; word: string }> = {
  added: { sign: 'A', tone: 'text-ok', word: 'added' },
  modified: { sign: 'M', tone: 'text-warn', word: 'modified' },
  deleted: { sign: 'D', tone: 'text-bad', word: 'deleted' },
  renamed: { sign: 'R', tone: 'text-accent', word: 'renamed' },
}

/** A path with what happened to it, and by how many lines. */
export function ChangedFile({ change: { path, from, change, binary, added, removed } }: { change: FileChange }) {
  const mark = marks[change]
  return (
    <span className="flex min-w-0 grow items-center gap-2 font-mono text-small">
      <abbr title={mark.word} className={`w-3 shrink-0 text-center no-underline ${mark.tone}`}>
        {mark.sign}
      </abbr>
      <span className="min-w-0 truncate">
        {from !== null && from !== path && <span className="text-muted">{from} → </span>}
        {path}
      </span>
      <span className="tabular ml-auto shrink-0">
        {binary ? (
          <span className="text-muted">binary</span>
        ) : (
          <>
            <span className="text-ok">+{added}</span> <span className="text-bad">−{removed}</span>
          </>
        )}
      </span>
    </span>
  )
}
