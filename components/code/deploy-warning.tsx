'use client'
import { Button } from '#components/ui/button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'
import type { Problem } from './markers.ts'

const mostShown = 5

/** The editor knows of errors that the build may not find: the person decides. */
export function DeployWarning({
  problems,
  action,
  onDeploy,
  onShow,
  onDismiss,
}: {
  problems: readonly Problem[]
  action: string
  onDeploy: () => void
  onShow: () => void
  onDismiss: () => void
}) {
  const files = new Set(problems.map(({ path }) => path)).size
  return (
    <Dialog
      title={`${problems.length} ${problems.length === 1 ? 'error' : 'errors'} in ${files} ${files === 1 ? 'file' : 'files'}`}
      description="The editor found errors. TypeScript is deployed without type checks, so calls to the service may fail."
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={onDismiss}>Cancel</Button>
          <Button keys="mod+shift+enter" onClick={onDeploy}>
            {action}
          </Button>
          <Button kind="primary" autoFocus onClick={onShow}>
            Show errors
          </Button>
        </>
      }
    >
      <ul className="flex flex-col gap-2">
        {problems.slice(0, mostShown).map(({ path, line, message }, index) => (
          <li key={index} className="min-w-0">
            <p className="truncate font-mono text-small text-muted">
              {path}:{line}
            </p>
            <p className="line-clamp-2 break-words">{message}</p>
          </li>
        ))}
      </ul>
      {problems.length > mostShown && <p className="mt-2 text-muted">and {problems.length - mostShown} more</p>}
    </Dialog>
  )
}
