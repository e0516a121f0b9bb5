'use client'
import { Button } from '#components/ui/button.tsx'
import { useCopy } from '#components/ui/copy-button.tsx'
import { Dialog } from '#components/ui/dialog.tsx'

/** Shown this once. */
export function RecoveryCodes({ codes, onDismiss }: { codes: string[]; onDismiss: () => void }) {
  const { copied, copy } = useCopy(codes.join('\n'))
  return (
    <Dialog
      title="Save these recovery codes"
      onDismiss={onDismiss}
      footer={
        <>
          <Button onClick={copy}>{copied ? 'Copied' : 'Copy'}</Button>
          <Button kind="primary" autoFocus onClick={onDismiss}>
            I have saved them
          </Button>
        </>
      }
    >
      <p className="mb-3 text-pretty">
        Each code signs you in once if you lose your phone or your passkey. Store them with your passwords, or on paper.
      </p>
      <ul
        data-secret
        aria-label="Recovery codes, shown this once"
        tabIndex={0}
        className="tabular grid grid-cols-1 gap-x-6 gap-y-1 rounded border border-border bg-sunken px-3 py-2 font-mono text-small select-all sm:grid-cols-2"
      >
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <p className="mt-3 text-muted">They are not shown again: only their hashes are stored.</p>
    </Dialog>
  )
}
