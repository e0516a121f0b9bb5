import type { LiveTopic } from '#contract/live.ts'
import type { TeamAction } from '../authorize.ts'
import { execute } from './exec.ts'
import { followDeployment } from './deployment.ts'
import { openLanguage } from './language.ts'
import { followLogs } from './logs.ts'
import { joinPresence } from './present.ts'
import { followPromotion } from './promotion.ts'
import type { Input, Place, Running } from './subscription.ts'
import { attachTerminal } from './terminal.ts'
import { followTeam } from './team.ts'

interface Topic<T extends LiveTopic> {
  /** Of contract/permissions.ts; asked at the start and again while it is open. */
  action: TeamAction
  /** It narrows itself to a token's scope. */
  listing?: boolean
  start(place: Place, input: Input<T>): Promise<Running>
}

/** Authorizing is not a topic's business: live/socket.ts does it by `action`, with the names of the input. */
export const topics: { [T in LiveTopic]: Topic<T> } = {
  team: { action: 'team.read', listing: true, start: followTeam },
  deployment: { action: 'service.read', listing: true, start: followDeployment },
  promotion: { action: 'environment.read', listing: true, start: followPromotion },
  logs: { action: 'log.read', listing: true, start: followLogs },
  presence: { action: 'source.read', start: joinPresence },
  terminal: { action: 'service.exec', start: attachTerminal },
  language: { action: 'source.read', start: openLanguage },
  exec: { action: 'service.exec', start: execute },
}
