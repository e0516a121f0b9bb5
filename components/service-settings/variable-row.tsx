'use client'
import { Ellipsis, EyeOff, PencilLine, Share2, Trash2, Undo2 } from 'lucide-react'
import type { Variable } from '#contract/records.ts'
import { EnvironmentName } from '#components/environments/environment-mark.tsx'
import { useEnvironments } from '#components/frame/environment.ts'
import { useService } from '#components/frame/service.ts'
import { Badge } from '#components/ui/badge.tsx'
import { IconButton } from '#components/ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '#components/ui/menu.tsx'
import { Time } from '#components/ui/time.tsx'
import { useTakeBack } from './use-take-back.ts'

interface Props {
  variable: Variable
  refused: string | null
  set: () => void
  remove: () => void
}

/** One variable or secret: what it is here, where that comes from, and what can be done about it. */
export function VariableRow({ variable, refused, set, remove }: Props) {
  const { environment: here } = useService()
  const { name, from, overrides, state, secret, inheritable, updatedAt, by } = variable
  const isOwn = from === here
  const { reset, mark } = useTakeBack()
  return (
    <li className="relative grid min-h-[34px] grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 px-3 py-1 hover:bg-hover md:grid-cols-[200px_minmax(0,1fr)_216px_84px_24px]">
      <button
        type="button"
        data-focus-inside
        aria-label={`Set ${name}`}
        aria-disabled={refused !== null || undefined}
        title={refused ?? undefined}
        onClick={() => {
          if (refused === null) set()
        }}
        className="flex min-h-6 min-w-0 items-center text-left after:absolute after:inset-0"
      >
        <code
          className={`truncate text-small font-medium ${state === 'removed' ? 'text-muted line-through' : ''}`}
          title={name}
        >
          {name}
        </code>
      </button>
      <span className="flex min-w-0 items-center gap-2 max-md:col-start-1 max-md:row-start-2">
        <Value variable={variable} isOwn={isOwn} />
      </span>
      <span className="flex min-w-0 items-center gap-1.5 text-small text-muted max-md:col-start-1 max-md:row-start-3">
        <Origin variable={variable} here={here} />
      </span>
      <span className="text-right text-small text-muted max-md:hidden" title={`Set by ${by}`}>
        <Time at={updatedAt} />
      </span>
      <span className="relative z-[1] flex max-md:col-start-2 max-md:row-span-3 max-md:row-start-1">
        <Menu
          align="end"
          width={272}
          trigger={
            <IconButton size="small" label={`Actions on ${name}`}>
              <Ellipsis />
            </IconButton>
          }
        >
          <MenuItem icon={<PencilLine />} reason={refused} onSelect={set}>
            {isOwn && state === 'set' ? 'Set another value' : `Override in ${here}`}
          </MenuItem>
          {isOwn && overrides !== null && (
            <MenuItem icon={<Undo2 />} reason={refused} onSelect={() => reset(name, overrides)}>
              Reset to {overrides}’s value
            </MenuItem>
          )}
          {isOwn && secret && state === 'set' && (
            <MenuItem icon={<Share2 />} reason={refused} onSelect={() => mark(name, !inheritable)}>
              {inheritable ? 'Mark as not inheritable' : 'Mark as inheritable'}
            </MenuItem>
          )}
          {state !== 'removed' && !(isOwn && overrides !== null) && (
            <>
              <MenuLine />
              <MenuItem icon={isOwn ? <Trash2 /> : <EyeOff />} bad={isOwn} reason={refused} onSelect={remove}>
                {isOwn ? `Delete ${name}` : `Exclude it from ${here}`}
              </MenuItem>
            </>
          )}
        </Menu>
      </span>
    </li>
  )
}

function Value({ variable: { state, secret, value, inheritable }, isOwn }: { variable: Variable; isOwn: boolean }) {
  if (state === 'removed') return <span className="text-muted">excluded here</span>
  if (state === 'withheld')
    return (
      <>
        <Badge>secret</Badge>
        <span className="truncate text-warn">must be set here</span>
      </>
    )
  if (secret)
    return (
      <>
        <span aria-hidden className="tracking-widest text-muted">
          ••••••••
        </span>
        <Badge>secret</Badge>
        {inheritable && isOwn && <Badge>inheritable</Badge>}
      </>
    )
  return value === '' ? (
    <span className="text-muted">empty</span>
  ) : (
    <code className="truncate text-small" title={value?.slice(0, 2_000)}>
      {value}
    </code>
  )
}

function Origin({ variable: { state, from, overrides }, here }: { variable: Variable; here: string }) {
  if (state === 'withheld')
    return (
      <>
        <span className="shrink-0">not inheritable from</span>
        <Named name={from} />
      </>
    )
  if (from !== here)
    return (
      <>
        <span className="shrink-0">inherited from</span>
        <Named name={from} />
      </>
    )
  if (overrides === null) return <>set here</>
  return (
    <>
      <span className="shrink-0">{state === 'removed' ? 'hides' : 'set here, overrides'}</span>
      <Named name={overrides} />
    </>
  )
}

function Named({ name }: { name: string }) {
  const kind = useEnvironments().find((environment) => environment.name === name)?.kind
  return kind === undefined ? <span className="truncate">{name}</span> : <EnvironmentName name={name} kind={kind} />
}
