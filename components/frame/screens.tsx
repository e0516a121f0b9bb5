import { Boxes, Layers, Rocket, ScrollText, Settings, Users } from 'lucide-react'
import type { ReactNode } from 'react'
import { type InTeam, paths, type Section } from '#client/paths.ts'
import type { Shape } from '#components/ui/arriving.tsx'

/** The console's screens, as the navigation and the palette show them. */
export const screens: Record<Section, { label: string; icon: ReactNode; keys: string; shape: Shape }> = {
  services: { label: 'Catalogue', icon: <Boxes />, keys: 'g c', shape: 'filtered' },
  environments: { label: 'Environments', icon: <Layers />, keys: 'g e', shape: 'rows' },
  deployments: { label: 'Deployments', icon: <Rocket />, keys: 'g d', shape: 'filtered' },
  logs: { label: 'Logs', icon: <ScrollText />, keys: 'g l', shape: 'lines' },
  team: { label: 'Team', icon: <Users />, keys: 'g t', shape: 'parts' },
  settings: { label: 'Settings', icon: <Settings />, keys: 'g s', shape: 'parts' },
}

/** Whether an address lies within a screen; what other teams share belongs to the catalogue. */
export const isSection = (pathname: string, place: InTeam, section: Section): boolean =>
  [paths.section(place, section), ...(section === 'services' ? [paths.sharedServices(place)] : [])].some(
    (at) => pathname === at || pathname.startsWith(`${at}/`),
  )
