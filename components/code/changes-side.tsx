'use client'
import { Undo2 } from 'lucide-react'
import { useState } from 'react'
import { Button, IconButton } from '#components/ui/button.tsx'
import { Confirm } from '#components/ui/confirm.tsx'
import { ShortId } from '#components/ui/short-id.tsx'
import { changeColour, changeLetter } from './compare-trees.ts'
import { useFileActions } from './file-actions.ts'
import { useChanges, useIde, useLiveCommit, useStatus } from './ide.ts'
import { nameOf, parentOf } from './tree-rows.ts'
import { changesTab } from './workspace.ts'

/** What a deployment from here would change. */
export function ChangesSide({ onOpened }: { onOpened: () => void }) {
  const { at, workspace, readOnly } = useIde()
  const { changes, others } = useChanges()
  const live = useLiveCommit()
  const drafted = new Set(useStatus().changes.map(({ path }) => path))
  const act = useFileActions()
  const [discarding, setDiscarding] = useState(false)
  return (
    <section aria-label="Changes" className="flex min-h-0 grow flex-col">
      <header className="flex h-8 shrink-0 items-center pr-1 pl-3">
        <h2 className="grow text-small font-medium text-muted">Changes</h2>
        {drafted.size > 0 && (
          <Button kind="quiet" size="small" reason={readOnly} onClick={() => setDiscarding(true)}>
            Discard all
          </Button>
        )}
      </header>
      <p className="px-3 pb-2 text-small text-muted">
        {live === null ? (
          'Nothing is deployed here yet. Compared with the last commit.'
        ) : live === undefined ? (
          ' '
        ) : (
          <>
            Compared with the live revision in {at.environment}: <ShortId id={live} />
          </>
        )}
      </p>
      {changes.length === 0 && live !== undefined && (
        <p className="px-3 pb-2 text-muted">
          {others.length > 0
            ? 'No changes.'
            : readOnly !== null
              ? 'No differences.'
              : `Your draft is the same as ${live === null ? 'the last commit' : 'the live revision'}.`}
        </p>
      )}
      <div className="min-h-0 grow overflow-y-auto pb-4">
        <ul aria-label="Changed in your draft">
          {changes.map(({ path, change }) => (
            <li key={path} className="group flex h-7 items-center pr-1 hover:bg-hover">
              <button
                type="button"
                data-focus-inside
                className="flex h-full min-w-0 grow items-center gap-1.5 pl-3 text-left"
                onClick={() => {
                  workspace.open(changesTab(path), { preview: true, focus: false })
                  onOpened()
                }}
              >
                <span className={`w-3 shrink-0 font-mono text-tiny ${changeColour[change]}`}>
                  {changeLetter[change]}
                  <span className="sr-only"> {change}</span>
                </span>
                <span className="truncate">{nameOf(path)}</span>
                <span className="min-w-0 grow truncate text-tiny text-muted">{parentOf(path)}</span>
              </button>
              <IconButton
                size="small"
                label={`Discard the changes to ${path}`}
                reason={readOnly ?? (drafted.has(path) ? null : 'already committed; roll back instead')}
                className="opacity-0 group-hover:opacity-100 focus-visible:opacity-100"
                onClick={() => void act.revert(path)}
              >
                <Undo2 />
              </IconButton>
            </li>
          ))}
        </ul>
        {others.length > 0 && (
          <>
            <h3 className="px-3 pt-3 pb-1 text-small text-muted">Committed, but not live in {at.environment}</h3>
            <ul aria-label="Committed, but not live">
              {others.map(({ path, change }) => (
                <li key={path} className="flex h-7 items-center pr-1 hover:bg-hover">
                  <button
                    type="button"
                    data-focus-inside
                    className="flex h-full min-w-0 grow items-center gap-1.5 pl-3 text-left text-muted"
                    onClick={() => {
                      workspace.open(changesTab(path), { preview: true, focus: false })
                      onOpened()
                    }}
                  >
                    <span className="w-3 shrink-0 font-mono text-tiny">
                      {changeLetter[change]}
                      <span className="sr-only"> {change}</span>
                    </span>
                    <span className="truncate">{nameOf(path)}</span>
                    <span className="min-w-0 grow truncate text-tiny">{parentOf(path)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
      {discarding && (
        <Confirm
          title="Discard all changes?"
          action={`Discard ${drafted.size} ${drafted.size === 1 ? 'change' : 'changes'}`}
          busy={false}
          error={null}
          onDismiss={() => setDiscarding(false)}
          onConfirm={() => {
            setDiscarding(false)
            void act.revert(null)
          }}
        >
          Your draft is reset to the last commit. You can restore discarded changes from the draft history for one day.
        </Confirm>
      )}
    </section>
  )
}
