import type { Command } from 'commander'
import colors from 'picocolors'
import { PlatformError } from '#contract/errors.ts'
import type { EnvironmentDiff, Promotion, PromotionRequest } from '#contract/promotions.ts'
import { agree } from '../confirm.ts'
import { followDeployment } from '../deployment.ts'
import type { Run } from '../run.ts'
import { ago, duration, fail, note, plain, show, table } from '../output.ts'
import { documentOf, followPromotion } from '../promotion.ts'
import type { Session } from '../session.ts'

interface Options {
  service?: string[]
  merge?: boolean
  undo?: boolean
  yes?: boolean
}

/** `env diff` and `env promote`, beside the other commands of `env`. */
export function addPromotionCommands(env: Command, run: Run): void {
  env
    .command('diff [environment]')
    .description('show the differences between an environment and its parent')
    .option('--against <other>', 'compare with this environment instead of the parent')
    .action(
      run(async (session, name: string | undefined, { against }: { against?: string }) => {
        const { team, environment } = await session.place()
        const diff = await session.api.environments.diff.query({
          team,
          environment: name ?? environment,
          ...(against !== undefined && { against }),
        })
        show(session, diffDocument(diff), () => describeDiff(diff))
      }),
    )

  env
    .command('promote [environment]')
    .description("promote an environment's overrides to its parent")
    .option('--service <service>', 'only this service (repeatable)', (one: string, all: string[] = []) => [...all, one])
    .option('--merge', "first merge the parent's changes into overrides that lack them, and deploy these")
    .option('--undo', 'undo the last promotion: restore the previous revisions')
    .option('--yes', 'do not ask for confirmation')
    .action(
      run(async (session, name: string | undefined, options: Options) => {
        const place = await session.place()
        const at = { team: place.team, environment: name ?? place.environment }
        if (options.undo) return undo(session, at, options)
        return options.merge ? merge(session, at, options) : promote(session, at, options)
      }),
    )
  addRequestCommands(env, run)
}

/** Promotions that wait for a second person. */
function addRequestCommands(env: Command, run: Run): void {
  env
    .command('requests')
    .description('list promotion requests: pending ones first')
    .action(
      run(async (session) => {
        const all = await session.api.promotions.requests.query({ team: await session.team() })
        show(session, all.map(requestDocument), () =>
          all.length === 0
            ? 'No promotion request is pending.'
            : table(
                ['request', 'state', 'from', 'into', 'services', 'by', 'asked'],
                all.map((one) => [
                  one.id,
                  one.changes.length > 0 ? `${one.state}, changed since` : one.state,
                  one.from,
                  one.into,
                  one.services
                    .map(({ name, parentRevision, revision }) => `${name} ${parentRevision ?? '–'} → ${revision}`)
                    .join(', '),
                  one.by.name,
                  ago(one.createdAt),
                ]),
              ),
        )
        for (const one of all) noteChanges(session, one)
      }),
    )
  env
    .command('approve <request>')
    .description('review a promotion request of another person and start exactly that')
    .option('--yes', 'do not ask for confirmation')
    .action(
      run(async (session, requestId: string, { yes }: { yes?: boolean }) => {
        const team = await session.team()
        const request = (await session.api.promotions.requests.query({ team })).find(({ id }) => id === requestId)
        if (request !== undefined) await agreeTo(session, request, yes ?? false)
        const { promotionId } = await session.api.promotions.approve.mutate({
          team,
          requestId,
          seen: request?.seen ?? '',
        })
        return report(session, await followPromotion(session, team, promotionId))
      }),
    )
  env
    .command('decline <request>')
    .description('decline a promotion request, or withdraw your own')
    .option('--reason <text>')
    .action(
      run(async (session, requestId: string, { reason }: { reason?: string }) => {
        await session.api.promotions.decline.mutate({ team: await session.team(), requestId, reason: reason ?? null })
        show(session, { request: requestId, state: 'declined' }, `Declined ${requestId}.`)
      }),
    )
}

async function agreeTo(session: Session, request: PromotionRequest, yes: boolean): Promise<void> {
  note(session, `${request.from} → ${request.into}, requested by ${request.by.name} ${ago(request.createdAt)}`)
  for (const { name, revision, parentRevision } of request.services)
    note(session, `  ${name.padEnd(24)} ${parentRevision ?? '–'} → ${revision}`)
  noteChanges(session, request)
  // What has changed is told by the refusal.
  if (request.changes.length === 0 && request.state === 'waiting')
    await agree(session, `Promote exactly this to ${request.into}?`, yes)
}

function noteChanges(session: Session, { id, changes }: PromotionRequest): void {
  for (const { service, what } of changes)
    note(session, `  ${colors.yellow('!')} ${id}: ${service} changed since the request: ${what.join('; ')}`)
}

const requestDocument = ({
  id,
  state,
  from,
  into,
  services,
  seen,
  changes,
  by,
  createdAt,
  decidedBy,
  reason,
  promotionId,
}: PromotionRequest) => ({
  request: id,
  state,
  from,
  into,
  services: services.map(({ name }) => name),
  revisions: Object.fromEntries(services.map(({ name, commit }) => [name, commit])),
  seen,
  changes,
  by: by.name,
  asked: new Date(createdAt).toISOString(),
  decidedBy,
  reason,
  promotion: promotionId,
})

type At = { team: string; environment: string }

async function promote(session: Session, at: At, { service, yes }: Options): Promise<number> {
  const diff = await session.api.environments.diff.query(at)
  const named = (one: { service: string | null }) =>
    service === undefined || one.service === null || service.includes(one.service)
  const moving = diff.services.filter((one) => one.here?.own && one.relation !== 'same' && named(one))
  if (moving.length > 0) {
    note(session, `${at.environment} → ${diff.against}`)
    for (const one of moving)
      note(
        session,
        `  ${one.service.padEnd(24)} ${one.there?.revision ?? '–'} → ${one.here?.revision ?? '–'}  ${colors.dim(plain(`${one.here?.message.split('\n')[0] ?? ''} · ${one.here?.by ?? ''}`))}`,
      )
    for (const check of diff.checks)
      if (named(check) && check.code !== 'same')
        note(
          session,
          `  ${check.stops ? colors.red('✗') : colors.yellow('!')} ${check.service === null ? '' : `${check.service}: `}${check.message}`,
        )
    // What stands in the way is told by the refusal, with what to do about it.
    if (!diff.checks.some((check) => check.stops && named(check)))
      await agree(
        session,
        `Promote ${moving.length === 1 ? 'this service' : `these ${moving.length} services`} to ${diff.against}?`,
        yes ?? false,
      )
  }
  const { promotionId, request } = await session.api.promotions.start.mutate({
    ...at,
    ...(service && { services: service }),
    generation: diff.generation,
    seen: Object.fromEntries(moving.flatMap((one) => (one.seen === null ? [] : [[one.service, one.seen]]))),
  })
  if (promotionId === null) {
    show(
      session,
      requestDocument(request),
      `${request.into} requires approval. Another person who may promote there approves it with: m3o env approve ${request.id}`,
    )
    return 0
  }
  return report(session, await followPromotion(session, at.team, promotionId))
}

async function merge(session: Session, at: At, { service }: Options): Promise<number> {
  const { deployments } = await session.api.promotions.merge.mutate({ ...at, ...(service && { services: service }) })
  const ended = []
  for (const one of deployments) {
    note(session, `merged ${one.service}, deploying it in ${at.environment}`)
    ended.push(await followDeployment(session, at.team, one.deploymentId))
  }
  const document = {
    environment: at.environment,
    promoted: false,
    merged: ended.map((one) => ({
      service: one.service,
      revision: one.revision,
      deployment: one.id,
      outcome: one.state,
    })),
  }
  const failed = ended.find(({ state }) => state !== 'live')
  if (failed)
    return fail(
      new PlatformError(
        'start_failed',
        `${failed.service} is not live with the merge: ${failed.error?.message ?? failed.state}`,
        { fix: `Fix it in ${at.environment}, then promote.` },
      ),
      session,
      document,
    )
  show(
    session,
    document,
    `Merged and live in ${at.environment}: ${ended.map((one) => `${one.service}@${one.revision}`).join(', ')}. Try it there, then: m3o env promote ${at.environment}`,
  )
  return 0
}

/** Of the environment itself when it has no parent: the last one into it. */
async function undo(session: Session, at: At, { yes }: Options): Promise<number> {
  const all = await session.api.promotions.list.query({ ...at, limit: 100 })
  const from = all.filter((one) => one.from === at.environment)
  const last = (from.length > 0 ? from : all.filter((one) => one.into === at.environment)).find(
    (one) => one.state === 'live' && one.undoes === null && one.undoneBy === null,
  )
  if (!last)
    throw new PlatformError('not_found', `${at.environment} has no promotion to undo`, {
      fix: 'To roll back one service: m3o rollback SERVICE.',
    })
  note(session, `${last.from ?? ''} → ${last.into}, ${ago(last.createdAt)} by ${last.by}`)
  for (const one of last.services)
    note(session, `  ${one.service.padEnd(24)} ${one.revision ?? '–'} → ${one.previousRevision ?? 'none'}`)
  if (last.whyNotUndone === null) await agree(session, `Undo it in ${last.into}?`, yes ?? false)
  const { promotionId } = await session.api.promotions.undo.mutate({ team: at.team, promotionId: last.id })
  return report(session, await followPromotion(session, at.team, promotionId))
}

function report(session: Session, promotion: Promotion): number {
  const document = documentOf(promotion)
  if (promotion.state === 'live') {
    const what = promotion.undoes === null ? `promoted to ${promotion.into}` : `undone in ${promotion.into}`
    show(
      session,
      document,
      `${colors.green(what)} after ${duration(promotion.durationMs ?? 0)}: ${promotion.services.map((one) => (one.revision === null ? `${one.service} is inherited again` : `${one.service}@${one.revision}`)).join(', ')}`,
    )
    return 0
  }
  const { error } = promotion
  return fail(
    new PlatformError(
      (error?.code ?? 'internal') as 'internal',
      `nothing was switched in ${promotion.into}: ${error?.message ?? promotion.state}`,
      { ...(error?.fix !== undefined && { fix: error.fix }), ...(error?.data && { data: error.data }) },
    ),
    session,
    document,
  )
}

const diffDocument = (diff: EnvironmentDiff) => ({
  environment: diff.environment,
  against: diff.against,
  generation: diff.generation,
  same: diff.same,
  services: diff.services.map(({ service, relation, ahead, behind, here, there }) => ({
    service,
    relation,
    ahead,
    behind,
    here: here && { from: here.from, own: here.own, revision: here.revision },
    there: there && { from: there.from, own: there.own, revision: there.revision },
  })),
  variables: diff.variables.map(({ service, name, secret, change, here, there }) => ({
    service,
    name,
    secret,
    change,
    here,
    there,
  })),
  unreachable: diff.unreachable.map(({ service, from, keeper }) => ({ service, from, keeper })),
  checks: diff.checks,
})

function describeDiff(diff: EnvironmentDiff): string {
  const copy = (one: EnvironmentDiff['services'][number]['here']) =>
    one ? `${one.revision}${one.own ? '' : ` (${one.from})`}` : '–'
  const relation = ({ relation, ahead, behind }: EnvironmentDiff['services'][number]) =>
    relation === 'ahead'
      ? `${ahead} ahead`
      : relation === 'behind'
        ? `${behind} behind`
        : relation === 'diverged'
          ? `${ahead} ahead, ${behind} behind`
          : relation
  const value = (one: EnvironmentDiff['variables'][number], side: 'here' | 'there', absent: string) =>
    one.change === absent ? '–' : one.secret ? '(secret)' : (one[side] ?? '')
  const parts = [
    diff.services.length === 0
      ? `${diff.environment} and ${diff.against} have the same revisions of ${diff.same} ${diff.same === 1 ? 'service' : 'services'}.`
      : table(
          ['service', diff.environment, diff.against, 'is', 'last change'],
          diff.services.map((one) => [
            one.service,
            copy(one.here),
            copy(one.there),
            relation(one),
            one.here ? `${one.here.message.split('\n')[0] ?? ''} · ${one.here.by}` : '',
          ]),
        ),
    ...(diff.services.length > 0 && diff.same > 0 ? [`and ${diff.same} without differences`] : []),
    ...(diff.variables.length === 0
      ? []
      : [
          '',
          table(
            ['variable of', 'name', diff.environment, diff.against],
            diff.variables.map((one) => [
              one.service,
              one.name,
              value(one, 'here', 'only in the parent'),
              value(one, 'there', 'only here'),
            ]),
          ),
        ]),
    ...diff.unreachable.map(
      ({ service, from, keeper }) =>
        `${colors.yellow('!')} ${service}: calls made in ${diff.environment} are refused, because ${service} in ${from} holds secrets of ${keeper}, which is protected`,
    ),
    ...diff.checks
      .filter(({ code }) => code !== 'nothing_own' && code !== 'same')
      .map(
        (check) =>
          `${check.stops ? colors.red('✗') : colors.yellow('!')} ${check.service === null ? '' : `${check.service}: `}${check.message}`,
      ),
  ]
  return parts.join('\n')
}
