import { setTimeout as delay } from 'node:timers/promises'
import colors from 'picocolors'
import { PlatformError } from '#contract/errors.ts'
import { spokenCallers, spokenChange } from '#contract/impact-words.ts'
import { spokenLaptop } from '#contract/laptop-names.ts'
import { spokenParts } from '#contract/phase-words.ts'
import type { Deployment } from '#contract/records.ts'
import { isUnderWay } from '#contract/states.ts'
import { follow } from './live.ts'
import { duration, fail, note, plain, show } from './output.ts'
import { platformError, type Session } from './session.ts'

const patienceMs = 30_000

/** Follows a deployment to its end, telling a person each phase as it ends; also across a restart of the platform's parts. */
export async function followDeployment(session: Session, team: string, deploymentId: string): Promise<Deployment> {
  let told = 0
  let warned = false
  for (let lostAt: number | undefined; ;) {
    try {
      for await (const deployment of follow(session, 'deployment', { team, deploymentId })) {
        lostAt = undefined
        told = tell(session, deployment, told)
        if (!warned && deployment.endpointChanges?.some(({ breaking }) => breaking)) {
          warned = true
          await warn(session, team, deploymentId)
        }
        if (!isUnderWay(deployment.state)) return deployment
      }
      // The stream ended before the deployment did: the record has the truth.
      const now = await session.api.deployments.get.query({ team, deploymentId })
      if (!isUnderWay(now.state)) return now
    } catch (error) {
      lostAt ??= Date.now()
      if (platformError(error)?.code !== 'unavailable' || Date.now() - lostAt > patienceMs) throw error
      await delay(250)
    }
  }
}

/** Known once the new one has answered its check: said before, or while, it goes live, which it does all the same. */
async function warn(session: Session, team: string, deploymentId: string): Promise<void> {
  const impacts = await session.api.deployments.impact.query({ team, deploymentId }).catch(() => [])
  const breaking = impacts.filter(({ change }) => change.breaking)
  if (breaking.length === 0) return
  note(
    session,
    colors.yellow(
      `warning: ${breaking.length === 1 ? 'a change of its endpoints breaks' : `${breaking.length} changes of its endpoints break`} what callers rely on`,
    ),
  )
  for (const impact of breaking.slice(0, 20))
    note(
      session,
      `  ${plain(spokenChange(impact.change))} ${colors.dim(`(${spokenCallers(impact) ?? 'no calls in 30 days'})`)}`,
    )
}

function tell(session: Session, deployment: Deployment, told: number): number {
  const ended = deployment.phases.filter((phase) => phase.ms !== null)
  for (const phase of ended.slice(told))
    note(
      session,
      `  ${phase.name.padEnd(10)} ${colors.dim(`${duration(phase.ms ?? 0).padEnd(8)}${spokenParts(phase, duration)}`.trimEnd())}`,
    )
  return Math.max(told, ended.length)
}

/** Prints how it ended; exit 0 only when live. */
export async function reportOf(session: Session, deployment: Deployment, service: string): Promise<number> {
  const { error } = deployment
  const document = {
    service: deployment.service,
    environment: deployment.environment,
    revision: deployment.revision,
    deployment: deployment.id,
    outcome: deployment.state,
    durationMs: deployment.durationMs,
    phases: deployment.phases.map(({ name, ms }) => ({ name, ms })),
    ...(error && {
      error: {
        code: error.code,
        message: error.message,
        exitCode: error.exitCode ?? null,
        lines: error.lines ?? [],
        ...(error.fix !== undefined && { fix: error.fix }),
      },
    }),
  }
  if (deployment.state === 'live') {
    // It is live, whoever may be restarting at this moment.
    const at = { team: await session.team(), environment: deployment.environment, service: deployment.service }
    const shown = await session.api.services.get.query(at).catch(() => undefined)
    const url =
      shown === undefined
        ? ''
        : `\n${shown.url}${shown.laptop === null || shown.from !== deployment.environment ? '' : `\nCalls go to ${plain(spokenLaptop(shown.laptop.by))}, which runs in place of it; this revision takes over when it disconnects.`}`
    show(
      session,
      document,
      `${colors.green('live')} ${deployment.service}@${deployment.revision} in ${deployment.environment} after ${duration(deployment.durationMs ?? 0)}${url}`,
    )
    return 0
  }
  for (const line of error?.lines ?? []) note(session, colors.dim(`  ${plain(line)}`))
  const known = new PlatformError(
    (error?.code ?? 'internal') as 'internal',
    `${service} is not live: ${error?.message ?? deployment.state}`,
    error?.fix !== undefined ? { fix: error.fix } : {},
  )
  return fail(known, session, document)
}
