import { setTimeout as delay } from 'node:timers/promises'
import colors from 'picocolors'
import type { Promotion } from '#contract/promotions.ts'
import { follow } from './live.ts'
import { duration, note } from './output.ts'
import { platformError, type Session } from './session.ts'

const patienceMs = 30_000

/** Follows a promotion to its end, telling a person what is ready and what was switched; also across a restart of the platform's parts. */
export async function followPromotion(session: Session, team: string, promotionId: string): Promise<Promotion> {
  const told = new Set<string>()
  const tell = (what: string, line: string) => {
    if (told.has(what)) return
    told.add(what)
    note(session, line)
  }
  for (let lostAt: number | undefined; ;) {
    try {
      for await (const promotion of follow(session, 'promotion', { team, promotionId })) {
        lostAt = undefined
        for (const one of promotion.services)
          if (one.readyMs !== null)
            tell(one.serviceId, `  ${one.service.padEnd(24)} ready ${colors.dim(duration(one.readyMs))}`)
        if (promotion.state === 'switching')
          tell('switching', `  switching all ${promotion.services.length} in ${promotion.into}`)
        if (promotion.endedAt !== null) return promotion
      }
      const now = await session.api.promotions.get.query({ team, promotionId })
      if (now.endedAt !== null) return now
    } catch (error) {
      lostAt ??= Date.now()
      if (platformError(error)?.code !== 'unavailable' || Date.now() - lostAt > patienceMs) throw error
      await delay(250)
    }
  }
}

/** What programs get of one. */
export const documentOf = (promotion: Promotion) => ({
  promotion: promotion.id,
  from: promotion.from,
  into: promotion.into,
  undoes: promotion.undoes,
  outcome: promotion.state,
  durationMs: promotion.durationMs,
  services: promotion.services.map(({ service, revision, previousRevision, deploymentId, left }) => ({
    service,
    revision,
    previous: previousRevision,
    deployment: deploymentId,
    left,
  })),
  ...(promotion.error && { error: promotion.error }),
})
