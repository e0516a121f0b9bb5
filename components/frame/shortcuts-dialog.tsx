'use client'
import { Dialog } from '#components/ui/dialog.tsx'
import { Kbd } from '#components/ui/kbd.tsx'
import { type ScreenAction, useOfferedActions } from './actions.ts'

/** All shortcuts that work on the screen at hand. */
export function ShortcutsDialog({ onDismiss }: { onDismiss: () => void }) {
  const keyed = useOfferedActions().filter((action) => action.keys !== undefined)
  const groups = Map.groupBy(keyed, (action) => action.group ?? 'This screen')
  return (
    <Dialog title="Shortcuts" onDismiss={onDismiss}>
      <div className="flex flex-col gap-4">
        {[...groups].map(([group, actions]) => (
          <section key={group}>
            <h3 className="mb-1 text-small font-medium text-muted">{group}</h3>
            <ul>
              {actions.map((action) => (
                <Row key={action.id} action={action} />
              ))}
            </ul>
          </section>
        ))}
        <section>
          <h3 className="mb-1 text-small font-medium text-muted">Lists</h3>
          <ul>
            <li className="flex min-h-7 items-center justify-between">
              Next, previous row{' '}
              <span className="flex gap-2">
                <Kbd keys="j" />
                <Kbd keys="k" />
              </span>
            </li>
          </ul>
        </section>
      </div>
    </Dialog>
  )
}

function Row({ action }: { action: ScreenAction }) {
  return (
    <li className="flex min-h-7 items-center justify-between gap-4">
      <span className={action.reason ? 'text-muted' : ''}>{action.title}</span>
      <Kbd keys={action.keys ?? ''} />
    </li>
  )
}
