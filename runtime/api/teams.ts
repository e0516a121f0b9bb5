import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { readAudit } from '../audit/read.ts'
import { verifyAudit } from '../audit/verify.ts'
import { readEgress, setEgress } from '../egress/egress.ts'
import { takeUpPersonal } from '../audit/personal.ts'
import type { Platform } from '../platform.ts'
import {
  acceptInvitation,
  createInvitation,
  listInvitations,
  readInvitation,
  revokeInvitation,
} from '../teams/invitations.ts'
import { listMembers, removeMember, setRole } from '../teams/members.ts'
import { createTeam, deleteTeam, listTeams, renameTeam } from '../teams/teams.ts'
import type { Terminals } from '../terminals/terminals.ts'
import { createToken, listTokens, revokeSignIns, revokeToken } from '../tokens/tokens.ts'
import { together } from '../together.ts'
import { deployOwedSamples, oweSamples } from '../teams/samples.ts'
import type { Deployments } from '../deployments/deployments.ts'

type Part = Pick<
  Handlers<typeof runtimeApi>,
  Extract<
    keyof typeof runtimeApi,
    `teams.${string}` | `members.${string}` | `invitations.${string}` | `tokens.${string}` | `audit.${string}`
  >
>

const ok = { ok: true } as const

export function teamHandlers(platform: Platform, deployments: Deployments, terminals: Terminals): Part {
  // It walks all rows: however many ask, one at a time does.
  const verify = together(() => verifyAudit(platform.db, platform.settings.home))
  return {
    'teams.list': ({ userId }) => listTeams(platform, userId),
    'teams.create': async ({ name, ownerId, samples }, { actor }) => {
      const team = await createTeam(platform, actor, { name, ownerId })
      if (samples) {
        await oweSamples(platform, team.id)
        void deployOwedSamples(platform, deployments).catch((error: unknown) =>
          platform.log.error({ err: error }, 'the sample services could not be deployed'),
        )
      }
      return team
    },
    'teams.rename': async ({ teamId, name }, { actor }) => (await renameTeam(platform, actor, teamId, name), ok),
    'teams.delete': async ({ teamId }, { actor }) => (await deleteTeam(platform, actor, teamId), ok),
    'teams.egress': ({ teamId }) => readEgress(platform, teamId),
    'teams.setEgress': async ({ teamId, egress }, { actor }) => (await setEgress(platform, actor, teamId, egress), ok),
    'members.list': ({ teamId }) => listMembers(platform, teamId),
    'members.setRole': async (input, { actor }) => (await setRole(platform, actor, input), ok),
    'members.remove': async (input, { actor }) => (await removeMember(platform, actor, input), ok),
    'invitations.list': ({ teamId }) => listInvitations(platform, teamId),
    'invitations.create': (input, { actor }) => createInvitation(platform, actor, input),
    'invitations.revoke': async (input, { actor }) => (await revokeInvitation(platform, actor, input), ok),
    'invitations.read': async ({ secret }) => {
      const { email, team, role } = await readInvitation(platform, secret)
      return { email, team, role }
    },
    'invitations.accept': (input, { actor }) => acceptInvitation(platform, actor, input),
    'tokens.list': ({ teamId, userId }) => listTokens(platform, teamId, userId),
    'tokens.create': (input, { actor }) => createToken(platform, actor, input),
    'tokens.revoke': async ({ teamId, tokenId }, { actor }) => (
      await revokeToken(platform, actor, teamId, tokenId),
      ok
    ),
    'tokens.revokeSignIns': async (input, { actor }) => {
      // A shell that somebody else has set up would be found by the account's owner, and taken for their own.
      if (input.all) await terminals.closeAll(({ userId }) => userId === input.userId)
      return { revoked: await revokeSignIns(platform, actor, input) }
    },
    // What web has noted, and not told of yet, is no later for who looks.
    'audit.read': async (page) => {
      await takeUpPersonal(platform.db)
      return readAudit(platform.db, page)
    },
    'audit.verify': async () => {
      await takeUpPersonal(platform.db)
      return verify('')
    },
  }
}
