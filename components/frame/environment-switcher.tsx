'use client'
import { clsx } from 'clsx'
import { ChevronsUpDown, Hourglass, Layers } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import { useRef, useState } from 'react'
import { isEnding } from '#contract/environment-life.ts'
import { paths } from '#client/paths.ts'
import { EnvironmentShape, kindGround, kindText } from '#components/environments/environment-mark.tsx'
import { type Branch as TreeBranch, treeOf } from '#components/environments/environment-tree.ts'
import { Menu, MenuLabel, MenuLine, MenuLink } from '#components/ui/menu.tsx'
import { useNow } from '#components/ui/now.ts'
import { useEnvironments } from './environment.ts'
import { usePlace } from './place.ts'

const load = () => import('#components/ui/choice-popover.tsx').then((module) => module.ChoicePopover)
const ChoicePopover = dynamic(load, { ssr: false })

/** More than these are found by typing. */
const mostAtOnce = 10

/** Always in sight, in the colour of its kind. Another one shows the same screen. */
export function EnvironmentSwitcher() {
  const place = usePlace()
  const router = useRouter()
  const pathname = usePathname()
  const search = useSearchParams().toString()
  const environments = useEnvironments()
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  const kind = environments.find(({ name }) => name === place.environment)?.kind
  const hrefOf = (name: string) => paths.switchedTo({ pathname, search }, { team: place.team, environment: name })
  const long = environments.length > mostAtOnce
  const trigger = (
    <button
      type="button"
      aria-label={`Environment ${place.environment}`}
      className={clsx(
        'flex h-[26px] min-w-0 items-center gap-1.5 rounded px-2',
        kind === undefined ? 'bg-sunken text-muted' : `${kindGround[kind]} ${kindText[kind]}`,
      )}
      {...(long && {
        ref: button,
        'aria-haspopup': 'dialog' as const,
        'aria-expanded': open,
        onPointerEnter: () => void load(),
        onFocus: () => void load(),
        onClick: () => setOpen(!open),
      })}
    >
      {kind !== undefined && <EnvironmentShape kind={kind} />}
      <span className="truncate font-medium">{place.environment}</span>
      <ChevronsUpDown aria-hidden className="size-3 shrink-0 opacity-70" />
    </button>
  )
  const branches = treeOf(environments)
  if (long) {
    return (
      <>
        {trigger}
        {open && (
          <ChoicePopover
            label="Environments"
            chosen={place.environment}
            button={button}
            onDismiss={() => setOpen(false)}
            onChoose={(name) => router.push(hrefOf(name))}
            choices={branches.map((branch) => ({
              value: branch.environment.name,
              label: branch.environment.name,
              drawn: <Branch {...branch} />,
            }))}
            footer={
              <Link
                href={paths.environments(place)}
                onClick={() => setOpen(false)}
                className="flex min-h-7 items-center gap-2 rounded-[4px] px-2 no-underline hover:bg-hover"
              >
                <Layers aria-hidden className="size-3.5 text-muted" />
                All environments
              </Link>
            }
          />
        )}
      </>
    )
  }
  return (
    <Menu width={256} trigger={trigger}>
      <MenuLabel>Environments</MenuLabel>
      {branches.map((branch) => (
        <MenuLink
          key={branch.environment.id}
          href={hrefOf(branch.environment.name)}
          chosen={branch.environment.name === place.environment}
        >
          <Branch {...branch} />
        </MenuLink>
      ))}
      <MenuLine />
      <MenuLink href={paths.environments(place)} icon={<Layers />}>
        All environments
      </MenuLink>
    </Menu>
  )
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

function Branch({ environment: { name, kind, overrides, expires }, depth }: Pick<TreeBranch, 'environment' | 'depth'>) {
  const now = useNow()
  return (
    <span className="flex items-center gap-2" style={{ paddingLeft: depth * 14 }}>
      <EnvironmentShape kind={kind} />
      <span className="truncate">{name}</span>
      {isEnding(expires, now) && <Hourglass aria-label="expires within a day" className="size-3 shrink-0 text-warn" />}
      <span className="text-small text-muted">
        {overrides.length === 0 ? '' : counted(overrides.length, kind === 'production' ? 'service' : 'override')}
      </span>
    </span>
  )
}
