import { Boxes, Layers, Rocket, ScrollText, Settings, Users } from 'lucide-react'
import type { ReactNode } from 'react'
import { type InTeam, paths, type Section } from '#client/paths.ts'

/** The console's screens, as the navigation and the palette show them. */
export const screens: Record<Section, { label: string; icon: ReactNode; keys: string }> = {
  services: { label: 'Catalogue', icon: <Boxes />, keys: 'g c' },
  environments: { label: 'Environments', icon: <Layers />, keys: 'g e' },
  deployments: { label: 'Deployments', icon: <Rocket />, keys: 'g d' },
  logs: { label: 'Logs', icon: <ScrollText />, keys: 'g l' },
  team: { label: 'Team', icon: <Users />, keys: 'g t' },
  settings: { label: 'Settings', icon: <Settings />, keys: 'g s' },
}

/** Whether an address lies within a screen; what other teams share belongs to the catalogue. */
export const isSection = (pathname: string, place: InTeam, section: Section): boolean =>
  [paths.section(place, section), ...(section === 'services' ? [paths.sharedServices(place)] : [])].some((at) => pathname === at || pathname.startsWith(`${at}/`))
