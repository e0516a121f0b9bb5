import { resolve } from 'node:path'
import type { Command } from 'commander'
import { setTimeout as delay } from 'node:timers/promises'
import { errorFromBody, isPlatformError, PlatformError } from '#contract/errors.ts'
import { followDeployment, reportOf } from '../deployment.ts'
import { applyBeside } from '../folder/apply.ts'
import { readFolderVariables } from '../folder/beside.ts'
import { historyOf, sendHistory } from '../folder/history.ts'
import { listFolder } from '../folder/list.ts'
import { packFolder } from '../folder/pack.ts'
import { rememberFolder } from '../folder/remember.ts'
import { serviceOf } from '../folder/service-of.ts'
import { wholeNumber } from '../input.ts'
import type { Run } from '../run.ts'
import { note } from '../output.ts'
import { platformError, restartMs, type Session } from '../session.ts'

interface DeployOptions {
  service?: string
  message?: string
  force?: boolean
  withSettings?: boolean
}

export function addDeployCommands(program: Command, run: Run): void {
  for (const name of ['deploy', 'run']) {
    program
      .command(`${name} [path]`, { hidden: name === 'run' })
      .description('deploy a folder')
      .option('--service <service>', "service name (default: from m3o.json or the folder's name)")
      .option('-m, --message <message>', 'what changed, for the history')
      .option('--with-settings', 'also set the variables, secrets and settings in .m3o')
      .option('--force', 'overwrite changes that others made meanwhile')
      .action(
        run(async (session, path: string | undefined, options: DeployOptions) =>
          deployFolder(session, resolve(path ?? '.'), options),
        ),
      )
  }

  program
    .command('rollback <service>')
    .description('roll back to the previous live revision, or to a given one')
    .option('--to <revision>')
    .action(
      run(async (session, service: string, { to }: { to?: string }) =>
        report(
          session,
          service,
          await session.api.deployments.rollback.mutate({ ...(await session.service(service)), to: to ?? null }),
        ),
      ),
    )

  program
    .command('restart <service>')
    .description('restart the same revision with the current variables')
    .action(
      run(async (session, service: string) =>
        report(session, service, await session.api.deployments.restart.mutate(await session.service(service))),
      ),
    )

  program
    .command('scale <service>')
    .description('set the number of instances')
    .requiredOption('--min <n>')
    .requiredOption('--max <n>')
    .action(
      run(async (session, service: string, { min, max }: { min: string; max: string }) =>
        report(
          session,
          service,
          await session.api.deployments.scale.mutate({
            ...(await session.service(service)),
            min: wholeNumber(min),
            max: wholeNumber(max),
          }),
        ),
      ),
    )
}

async function deployFolder(session: Session, folder: string, options: DeployOptions): Promise<number> {
  const place = { url: session.url, ...(await session.place()) }
  const { service, known } = await serviceOf(folder, place, options.service)
  const [paths, tip] = await Promise.all([listFolder(folder), historyOf(folder)])
  if (paths.length === 0)
    throw new PlatformError('bad_request', `${folder} contains no files`, {
      fix: 'Create a service with `m3o new NAME`.',
    })
  note(
    session,
    `Uploading ${paths.length} ${paths.length === 1 ? 'file' : 'files'} of ${service} to ${place.environment} of ${place.team}`,
  )
  const base = known?.service === service ? known.commit : undefined
  const at = { team: place.team, environment: place.environment, service }
  const isNew = (tip !== undefined || options.withSettings) && (await makeWhereMissing(session, at))
  if (options.withSettings) await applyBeside(session, folder, at)
  else if (isNew && (await readFolderVariables(folder)).length > 0)
    note(session, 'note: variables and settings in .m3o were not deployed. To set them too: m3o deploy --with-settings')
  const arrived = tip === undefined ? undefined : await sendHistory(session, folder, { ...at, tip })
  const sent = await uploadAgain(session, folder, paths, {
    ...place,
    service,
    ...(base !== undefined && { base }),
    ...(arrived !== undefined && { tip: arrived }),
    ...(options.message !== undefined && { message: options.message }),
    force: options.force ? '1' : '0',
  })
  await rememberFolder(folder, place, { service, commit: sent.commit })
  for (const line of sent.notes) note(session, `note: ${line}`)
  return report(session, service, sent)
}

/** What is set, or sent, before the first deployment needs a service that it can be set in. True when it was made. */
async function makeWhereMissing(
  session: Session,
  at: { team: string; environment: string; service: string },
): Promise<boolean> {
  try {
    await session.api.services.get.query(at)
    return false
  } catch (error) {
    const known = platformError(error)
    if (known?.code !== 'not_found' || known.data?.kind !== 'service') throw error
    await session.api.services.create.mutate({ team: at.team, name: at.service, empty: true })
    return true
  }
}

/** The same files deployed twice are the same revision, so one that a restart of the platform broke off is sent again. */
async function uploadAgain(...given: Parameters<typeof upload>): ReturnType<typeof upload> {
  for (const deadline = Date.now() + restartMs; ; await delay(300)) {
    try {
      return await upload(...given)
    } catch (error) {
      if (!isPlatformError(error) || error.code !== 'unavailable' || !given[0].token || Date.now() > deadline)
        throw error
    }
  }
}

async function upload(
  session: Session,
  folder: string,
  paths: string[],
  { url: _url, ...query }: Record<string, string>,
) {
  // Refused in the middle of its body, a request looks as if nothing answered.
  if (!session.token)
    throw new PlatformError('unauthenticated', `you are not logged in to ${session.url}`, { fix: 'Log in: m3o login.' })
  const answer = await session.ask(`/api/upload/deploy?${new URLSearchParams(query).toString()}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-tar' },
    body: packFolder(folder, paths),
  })
  const body = await answer
    .json()
    .catch(() => ({ code: 'bad_gateway', message: `the platform responded with ${answer.status}` }))
  if (!answer.ok) throw errorFromBody(body)
  return body as { deploymentId: string; commit: string; notes: string[] }
}

async function report(session: Session, service: string, { deploymentId }: { deploymentId: string }): Promise<number> {
  return reportOf(session, await followDeployment(session, await session.team(), deploymentId), service)
}
