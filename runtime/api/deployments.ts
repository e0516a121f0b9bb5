import { eq } from 'drizzle-orm'
import type { Handlers } from '#contract/rpc-types.ts'
import type { runtimeApi } from '#contract/runtime-api.ts'
import { isUnderWay } from '#contract/states.ts'
import { deployments as table } from '#db/schema.ts'
import type { Deployments } from '../deployments/deployments.ts'
import { diffDeployment } from '../deployments/diff.ts'
import { listDeployments, readDeployment } from '../deployments/record.ts'
import { onArrival } from '../deployments/turns.ts'
import type { Platform } from '../platform.ts'
import { findOrCreate } from '../services/services.ts'
import { impactOf } from '../sharing/dependants.ts'
import { hashObject } from '../source/objects.ts'

type Part = Pick<Handlers<typeof runtimeApi>, Extract<keyof typeof runtimeApi, `deployments.${string}`>>

export function deploymentHandlers(platform: Platform, deployments: Deployments): Part {
  const { db, events } = platform
  return {
    'deployments.list': (listing) => listDeployments(db, listing),
    'deployments.get': ({ deploymentId }) => readDeployment(db, deploymentId),
    'deployments.follow': async function* ({ deploymentId }, { signal }) {
      const changes = events.watch(signal)
      // Listening begins before the first reading, so that no change falls between them.
      const next = changes.next()
      let now = await readDeployment(db, deploymentId)
      yield now
      for (let event = await next; !event.done && isUnderWay(now.state); event = await changes.next()) {
        if (event.value.type !== 'deployment' || event.value.deployment.id !== deploymentId) continue
        now = event.value.deployment
        yield now
      }
    },
    'deployments.start': async ({ what, route, ...at }, { actor }) => {
      if ('draft' in what) return { deploymentId: (await deployments.deployDraft(actor, at, what.draft, route)).id }
      const { message } = await platform.source.history.commit({ serviceId: at.serviceId, commit: what.commit })
      return { deploymentId: (await deployments.deploy(actor, at, what.commit, message, route)).id }
    },
    'deployments.saveAndStart': async ({ userId, path, text, expected, route, ...at }, { actor }) => {
      const content = Buffer.from(text)
      const { id } = await deployments.deployDraft(
        actor,
        at,
        { userId, save: { path, content, expectedHash: expected } },
        route,
      )
      return { deploymentId: id, saved: { hash: hashObject('blob', content) } }
    },
    'deployments.upload': (
      { teamId, environmentId, service, userId, message, base, force, tip },
      { actor, body, signal },
    ) =>
      onArrival(teamId, signal, async () => {
        const { serviceId, created } = await findOrCreate(platform, actor, teamId, service, userId)
        const { row, commit, notes } = await deployments.deployArchive(
          actor,
          { serviceId, environmentId },
          { userId, message, base, force, tip, body },
        )
        // A service that was made for this folder had nothing to replace.
        return { deploymentId: row.id, serviceId, commit, notes: created ? [] : notes }
      }),
    'deployments.cancel': async ({ deploymentId }, { actor }) => (
      await deployments.cancel(actor, deploymentId),
      { ok: true }
    ),
    'deployments.rollback': async ({ to, from, ...at }, { actor }) => ({
      deploymentId: (await deployments.rollback(actor, at, to, from)).id,
    }),
    'deployments.restart': async (at, { actor }) => ({ deploymentId: (await deployments.restart(actor, at)).id }),
    'deployments.scale': async ({ min, max, ...at }, { actor }) => ({
      deploymentId: (await deployments.scale(actor, at, min, max)).id,
    }),
    'deployments.diff': async ({ deploymentId }) => {
      const [row] = await db.select().from(table).where(eq(table.id, deploymentId))
      return diffDeployment(platform, row)
    },
    'deployments.impact': async ({ deploymentId }) => {
      const [row] = await db.select().from(table).where(eq(table.id, deploymentId))
      return row ? impactOf(platform, row.serviceId, row.endpointChanges ?? []) : []
    },
  }
}
