'use client'
import { useQuery } from '@tanstack/react-query'
import { CornerDownRight, Users } from 'lucide-react'
import { usePathname, useRouter, useSearchParams } from 'next/navigation'
import { useMemo, useState } from 'react'
import { PlatformError } from '#contract/errors.ts'
import { paths } from '#client/paths.ts'
import { toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { ServiceStateMark } from '#components/catalogue/service-state.tsx'
import { firstPage } from '#components/deployments/first-page.ts'
import { DeploymentStateMark } from '#components/deployments/deployment-state.tsx'
import { EnvironmentShape } from '#components/environments/environment-mark.tsx'
import { Avatar } from '#components/ui/avatar.tsx'
import { runWhenOffered, type ScreenAction, useOfferedActions } from './actions.ts'
import { useEnvironment } from './environment.ts'
import { useViewer } from './may.ts'
import { type Command, commandById, serviceCommands, teamCommands } from './palette-commands.ts'
import { usePlace } from './place.ts'
import { readRecents, recentService } from './recents.ts'

export interface PaletteEntry extends ScreenAction {
  /** Said quietly after the title. */
  about?: string | undefined
  /** Shown before anything is typed. */
  atOnce: boolean
}

const refused = (reason: string) => toastError(new PlatformError('forbidden', reason))

/** All that the palette can go to or do, from what the screens have loaded already where they have. `text`: what was typed. */
export function usePaletteEntries(text: string): PaletteEntry[] {
  const place = usePlace()
  const { team } = place
  const router = useRouter()
  const pathname = usePathname()
  const search = useSearchParams().toString()
  const trpc = useTRPC()
  const actions = useOfferedActions()
  const { teams } = useViewer()
  const parent = useEnvironment()?.parent ?? null
  const services = useQuery(trpc.services.catalogue.queryOptions(place)).data
  const environments = useQuery(trpc.environments.list.queryOptions({ team })).data
  const deployments = useQuery(trpc.deployments.list.queryOptions(firstPage({ team }))).data
  const members = useQuery(trpc.members.list.queryOptions({ team })).data
  const [recents] = useState(() => readRecents(team))
  const own = useMemo(
    () => (services ?? []).flatMap((service) => (service.team === team ? service.name : [])),
    [services, team],
  )

  const fixed = useMemo((): PaletteEntry[] => {
    const go = (href: string) => () => router.push(href)
    const offered = new Set(actions.map(({ id }) => id))
    return [
      ...actions
        .filter(({ id }) => id !== 'palette')
        .map((action) => ({ ...action, group: action.group ?? 'This screen', atOnce: true })),
      ...(services ?? []).map((service) => ({
        id: service.team === team ? recentService(service.name) : service.id,
        group: 'Services',
        title: service.team === team ? service.name : `@${service.team}/${service.name}`,
        about: service.description,
        atOnce: false,
        icon: <ServiceStateMark service={service} compact />,
        run: go(
          service.team === team
            ? paths.service({ ...place, service: service.name })
            : paths.shared(place, { team: service.team, service: service.name }),
        ),
      })),
      ...(environments ?? []).map((environment) => ({
        id: environment.id,
        group: 'Environments',
        title: environment.name,
        about: environment.name === place.environment ? 'you are here' : 'the same screen there',
        words: 'switch environment',
        atOnce: false,
        icon: <EnvironmentShape kind={environment.kind} />,
        run: go(paths.switchedTo({ pathname, search }, { team, environment: environment.name })),
      })),
      ...teamCommands(place, parent)
        .filter(({ action }) => action === undefined || !offered.has(action))
        .map((command) => entryOf(command, go(command.href))),
      ...teams
        .filter(({ name }) => name !== team)
        .map(({ id, name, role }) => ({
          id,
          group: 'Teams',
          title: name,
          about: `you are ${role} there`,
          words: 'switch team',
          icon: <Users />,
          atOnce: false,
          run: go(paths.catalogue({ team: name, environment: 'production' })),
        })),
      ...(deployments ?? []).map((each) => ({
        id: each.id,
        group: 'Deployments',
        title: `${each.service} ${each.revision}`,
        about: `${each.environment} · ${each.message.split('\n')[0] ?? ''}`,
        words: `${each.id} ${each.by} ${each.commit}`,
        atOnce: false,
        icon: <DeploymentStateMark state={each.state} compact />,
        run: go(paths.deployment({ team, environment: each.environment, service: each.service }, each.id)),
      })),
      ...(members ?? []).map(({ person, role }) => ({
        id: person.id,
        group: 'People',
        title: person.name,
        about: `${person.email} · ${role}`,
        words: person.email,
        atOnce: false,
        icon: <Avatar name={person.name} />,
        run: go(paths.deployments(place, { by: person.email })),
      })),
    ]
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `place` is a new object on each render: its parts are listed
  }, [
    actions,
    services,
    environments,
    deployments,
    members,
    teams,
    parent,
    place.team,
    place.environment,
    pathname,
    search,
    router,
  ])

  return useMemo(() => {
    const recent = recents.flatMap((id) => {
      const command = commandById(place, id, { parent, services: own })
      return (
        fixed.find((each) => each.id === id) ??
        (command === undefined ? [] : entryOf(command, () => router.push(command.href)))
      )
    })
    const names = [
      ...new Set([
        ...pathname
          .split('/')
          .slice(3, 5)
          .filter((part, index, [section]) => index === 1 && section === 'services'),
        ...recents.flatMap((id) => (id.startsWith('service:') ? id.slice(8) : [])),
        ...own,
      ]),
    ]
    return [
      ...recent
        .filter(({ atOnce }) => !atOnce)
        .map((each) => ({
          ...each,
          id: `recent ${each.id}`,
          group: 'Recent',
          atOnce: text.trim() === '',
          hidden: text.trim() !== '',
        })),
      ...fixed,
      ...serviceCommands(place, own, { text, recent: names.filter((name) => own.includes(name)).slice(0, 5) }).map(
        (command) => entryOf(command, () => router.push(command.href)),
      ),
    ].filter((each) => !('hidden' in each && each.hidden))
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `place` is a new object on each render: its parts are listed
  }, [fixed, recents, own, text, parent, pathname, place.team, place.environment, router])
}

function entryOf({ id, title, words, action }: Command, go: () => void): PaletteEntry {
  return {
    id,
    group: 'Commands',
    title,
    words,
    atOnce: false,
    icon: <CornerDownRight />,
    run: () => {
      go()
      if (action !== undefined) runWhenOffered(action, refused)
    },
  }
}
