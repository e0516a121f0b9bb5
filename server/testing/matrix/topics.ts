import type { LiveTopic } from '#contract/live.ts'
import type { World } from './world.ts'

type Input = Record<string, unknown>

interface Trial {
  input: (own: World) => Input
  /** Parts that name something of a team, by what the other team has. */
  foreign: Record<string, (other: World) => unknown>
  /** How it may end for those who may: a terminal, for one, is only its owner's. */
  ends?: readonly string[]
  /** It narrows itself to what a token reaches, rather than refuse it. */
  listing?: true
}

const here = ({ team, environment, service }: World): Input => ({ team, environment, service })
const names = {
  team: (other: World) => other.team,
  environment: (other: World) => other.child,
  service: (other: World) => other.service,
}
const { team } = names

/** Every topic of the live socket. */
export const topicTrials: Record<LiveTopic, Trial> = {
  team: { input: (own) => ({ team: own.team }), foreign: { team }, listing: true },
  deployment: {
    input: (own) => ({ team: own.team, deploymentId: own.deploymentId }),
    foreign: { team, deploymentId: (other) => other.deploymentId },
  },
  promotion: {
    input: (own) => ({ team: own.team, promotionId: own.promotionId }),
    foreign: { team, promotionId: (other) => other.promotionId },
  },
  logs: {
    input: (own) => ({ team: own.team, environment: own.environment, services: [own.service], last: 5 }),
    foreign: { team, environment: names.environment, services: (other) => [other.service] },
    listing: true,
  },
  presence: { input: here, foreign: names },
  terminal: {
    input: (own) => ({ ...here(own), terminalId: own.terminalId }),
    foreign: { ...names, terminalId: (other) => other.terminalId },
    ends: ['not_found'],
  },
  language: { input: here, foreign: names },
  exec: {
    input: (own) => ({ ...here(own), instanceId: own.instanceId, command: ['true'] }),
    foreign: { ...names, instanceId: (other) => other.instanceId },
  },
}

/** What a client may say over the socket besides: each is about a subscription of that very socket. */
export const eventTrials: Record<string, unknown[]> = {
  unsubscribe: [],
  write: [Buffer.from('taken over\n')],
  resize: [{ cols: 20, rows: 5 }],
  signal: ['SIGKILL'],
  say: [{ path: 'x', editing: true }],
}
