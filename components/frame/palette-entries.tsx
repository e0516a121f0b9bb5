'use client'
import { useQuery } from '@tanstack/react-query'
import { usePathname, useRouter } from 'next/navigation'
import { useMemo } from 'react'
import { paths } from '#client/paths.ts'
import { useTRPC } from '#client/trpc.ts'
import { ServiceStateMark } from '#components/catalogue/service-state.tsx'
import { firstPage } from '#components/deployments/first-page.ts'
import { DeploymentStateMark } from '#components/deployments/deployment-state.tsx'
import { EnvironmentShape } from '#components/environments/environment-mark.tsx'
import { Avatar } from '#components/ui/avatar.tsx'
import { type ScreenAction, useOfferedActions } from './actions.ts'
import { usePlace } from './place.ts'

export interface PaletteEntry extends ScreenAction {
  /** Said quietly after the title. */
  about?: string | undefined
  /** Shown before anything is typed. */
  atOnce: boolean
}

/** All that the palette can go to or do, from what the screens have loaded already where they have. */
export function usePaletteEntries(): PaletteEntry[] {
  const place = usePlace()
  const { team } = place
  const router = useRouter()
  const pathname = usePathname()
  const trpc = useTRPC()
  const actions = useOfferedActions()
  const services = useQuery(trpc.services.catalogue.queryOptions(place)).data
  const environments = useQuery(trpc.environments.list.queryOptions({ team })).data
  const deployments = useQuery(trpc.deployments.list.queryOptions(firstPage({ team }))).data
  const members = useQuery(trpc.members.list.queryOptions({ team })).data
  return useMemo(() => {
    const go = (href: string) => () => router.push(href)
    return [
      ...actions.filter(({ id }) => id !== 'palette').map((action) => ({ ...action, group: action.group ?? 'This screen', atOnce: true })),
      ...(services ?? []).map((service) => ({
        id: service.id, group: 'Services', title: service.team === team ? service.name : `@${service.team}/${service.name}`, about: service.description, atOnce: false,
        icon: <ServiceStateMark service={service} compact />, run: go(service.team === team ? paths.service({ ...place, service: service.name }) : paths.shared(place, { team: service.team, service: service.name })),
      })),
      ...(environments ?? []).map((environment) => ({
        id: environment.id, group: 'Environments', title: environment.name, about: environment.name === place.environment ? 'you are here' : 'the same screen there', atOnce: false,
        icon: <EnvironmentShape kind={environment.kind} />, run: go(paths.switchedTo(pathname, { team, environment: environment.name })),
      })),
      ...(deployments ?? []).map((each) => ({
        id: each.id, group: 'Deployments', title: `${each.service} ${each.revision}`, about: `${each.environment} · ${each.message.split('\n')[0] ?? ''}`, words: `${each.id} ${each.by} ${each.commit}`, atOnce: false,
        icon: <DeploymentStateMark state={each.state} compact />, run: go(paths.deployment({ team, environment: each.environment, service: each.service }, each.id)),
      })),
      ...(members ?? []).map(({ person, role }) => ({
        id: person.id, group: 'People', title: person.name, about: `${person.email} · ${role}`, words: person.email, atOnce: false,
        icon: <Avatar name={person.name} />, run: go(paths.deployments(place, { by: person.email })),
      })),
    ]
  }, [actions, services, environments, deployments, members, place.team, place.environment, pathname, router])
}
