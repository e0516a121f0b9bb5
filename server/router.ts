import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server'
import { audit } from './routers/audit.ts'
import { calls } from './routers/calls.ts'
import { consumers } from './routers/consumers.ts'
import { deployments } from './routers/deployments.ts'
import { environments } from './routers/environments.ts'
import { invitations } from './routers/invitations.ts'
import { logs } from './routers/logs.ts'
import { members } from './routers/members.ts'
import { metrics } from './routers/metrics.ts'
import { person } from './routers/person.ts'
import { platform } from './routers/platform.ts'
import { promotions } from './routers/promotions.ts'
import { security } from './routers/security.ts'
import { services } from './routers/services.ts'
import { signIn } from './routers/sign-in.ts'
import { shared } from './routers/shared.ts'
import { source } from './routers/source.ts'
import { teams } from './routers/teams.ts'
import { templates } from './routers/templates.ts'
import { terminals } from './routers/terminals.ts'
import { tokens } from './routers/tokens.ts'
import { variables } from './routers/variables.ts'
import { router } from './trpc.ts'

export const appRouter = router({
  audit,
  calls,
  consumers,
  deployments,
  environments,
  invitations,
  logs,
  members,
  metrics,
  person,
  platform,
  promotions,
  security,
  services,
  shared,
  signIn,
  source,
  teams,
  templates,
  terminals,
  tokens,
  variables,
})

export type AppRouter = typeof appRouter
export type Inputs = inferRouterInputs<AppRouter>
export type Outputs = inferRouterOutputs<AppRouter>
