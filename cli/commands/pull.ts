import { lstat, readdir, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { serviceName } from '#contract/names.ts'
import type { Environment } from '#contract/records.ts'
import { labelOf } from '../address.ts'
import { settingsFile, variablesFile } from '../folder/beside.ts'
import { type Brought, clone, type Origin, pulledService, refuseBeside, update } from '../folder/clone.ts'
import { gather, keep, type Kept } from '../folder/gather.ts'
import { rememberFolder } from '../folder/remember.ts'
import { repositoryUrl, signedIn } from '../git.ts'
import type { Run } from '../run.ts'
import { makeFolders } from '../make-folders.ts'
import { note, plain, show } from '../output.ts'
import type { Session } from '../session.ts'

export function addPullCommand(program: Command, run: Run): void {
  program
    .command('pull <service> [dir]')
    .description("fetch a service's source, history, variables and settings, or update a folder")
    .option('--no-settings', 'without variables and settings')
    .action(
      run(async (session, given: string, dir: string | undefined, { settings }: { settings: boolean }) =>
        pull(session, given, { dir, withSettings: settings }),
      ),
    )
}

async function pull(
  session: Session,
  given: string,
  { dir, withSettings }: { dir: string | undefined; withSettings: boolean },
): Promise<void> {
  const asked = await session.service(given)
  if (asked.service.startsWith('@'))
    throw new PlatformError('forbidden', `only members of its team can read the source of ${given}`, {
      fix: `Switch to that team (m3o team use TEAM), or fork the service if its source is readable: m3o fork ${given}.`,
    })
  // A former name leads to the service too; the folder has the one of now.
  const { name: service } = await session.api.services.get.query(asked)
  if (!serviceName.safeParse(service).success) throw strange(service)
  const at = { ...asked, service }
  const all = await session.api.environments.list.query({ team: at.team })
  const origin: Origin = {
    service,
    url: session.url,
    repository: repositoryUrl(session, at.team, service),
    label: labelOf(session.url, session.config.urls),
    branches: branchesOf(all, at.environment),
    env: signedIn(session),
  }
  const folder = resolve(dir ?? service)
  note(session, `Pulling ${service} from ${at.environment} of ${at.team} into ${folder}`)
  const finish = async (where: string, { commit }: Brought): Promise<Kept | undefined> => {
    if (!withSettings) return undefined
    await refuseBeside(where, commit)
    return keep(where, await gather(session, at), { ...at, url: session.url })
  }
  const { brought, kept } = (await isPulled(folder, service))
    ? await onto(folder, origin, finish)
    : await into(folder, origin, finish)
  await rememberFolder(
    folder,
    { url: session.url, team: at.team, environment: at.environment },
    { service, commit: brought.commit },
  )
  report(session, { ...at, folder, brought, kept })
}

type Finish = (where: string, brought: Brought) => Promise<Kept | undefined>

async function onto(folder: string, origin: Origin, finish: Finish) {
  const brought = await update(folder, origin)
  return { brought, kept: await finish(folder, brought) }
}

/** It appears with all that belongs into it, or not at all: a kill leaves a hidden folder, which the next pull takes away. */
async function into(folder: string, origin: Origin, finish: Finish) {
  // A link to an empty folder is that folder.
  const target = await realpath(folder).catch(() => folder)
  makeFolders(dirname(target))
  await sweep(target)
  const fresh = freshName(target, process.pid)
  try {
    const brought = await clone(fresh, origin)
    const kept = await finish(fresh, brought)
    await (target === process.cwd() ? fill(target, fresh) : rename(fresh, target)).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST' || error.code === 'ENOTDIR') throw inWay(folder)
        throw error
      },
    )
    return { brought, kept }
  } finally {
    await remove(fresh)
    await sweep(target)
  }
}

/** The folder that a shell is in stays the same one; `.git` comes last, so that a kill before leaves none that looks finished. */
async function fill(target: string, fresh: string): Promise<void> {
  for (const name of (await readdir(fresh)).sort((a, b) => Number(a === '.git') - Number(b === '.git')))
    await rename(join(fresh, name), join(target, name))
}

const freshName = (target: string, pid: number): string => join(dirname(target), `.${basename(target)}.pull-${pid}`)

/** What pulls into the same place left that were killed. */
async function sweep(target: string): Promise<void> {
  const begin = freshName(target, 0).slice(0, -1)
  for (const name of await readdir(dirname(target)).catch(() => [])) {
    const pid = join(dirname(target), name).startsWith(begin) ? name.slice(basename(begin).length) : ''
    if (/^\d+$/.test(pid) && !isAlive(Number(pid))) await remove(join(dirname(target), name))
  }
}

/** A git that outlived its pull may still write there for a moment; what it leaves goes with the next pull. */
const remove = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(() => {})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return pid !== process.pid
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether it is brought up to date, or made. @throws PlatformError `conflict` when it holds anything else */
async function isPulled(folder: string, service: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw inWay(folder)
    return undefined
  })
  // A link that leads nowhere is in the way as well.
  if (names === undefined && (await lstat(folder).catch(() => undefined)) !== undefined) throw inWay(folder)
  if (names === undefined || names.length === 0) return false
  const pulled = names.includes('.git') ? await pulledService(folder) : undefined
  if (pulled === service) return true
  throw pulled === undefined
    ? inWay(folder)
    : new PlatformError('conflict', `${folder} contains the service ${pulled}`, {
        fix: `Choose another folder. If the service was renamed to ${service}: git -C ${folder} config m3o.service ${service}`,
      })
}

const inWay = (folder: string) =>
  new PlatformError('conflict', `${folder} already exists and is not a pulled service`, {
    fix: 'Choose another folder: m3o pull SERVICE DIR.',
  })

/** It becomes a folder's name, and an argument of git. */
const strange = (name: string) =>
  new PlatformError('bad_gateway', `the platform sent an invalid name: ${JSON.stringify(name.slice(0, 80))}`, {
    fix: "Check the platform's address: m3o whoami.",
  })

/** The environment's own and its parents', up to main. */
function branchesOf(all: readonly Environment[], name: string): Origin['branches'] {
  const one = all.find((environment) => environment.name === name)
  if (one === undefined)
    throw new PlatformError('not_found', `environment ${name} does not exist`, {
      fix: `Choose one of ${all.map((environment) => environment.name).join(', ')}.`,
    })
  const branch = one.branch ?? (one.kind === 'production' ? 'main' : one.name)
  if (!/^\w[\w.+/-]*$/.test(branch)) throw strange(branch)
  return one.parent === null ? [branch] : [branch, ...branchesOf(all, one.parent)]
}

function report(
  session: Session,
  {
    team,
    environment,
    service,
    folder,
    brought,
    kept,
  }: { team: string; environment: string; service: string; folder: string; brought: Brought; kept: Kept | undefined },
): void {
  const { branch, commit, outcome } = brought
  const document = {
    service,
    team,
    environment,
    url: session.url,
    folder,
    branch,
    revision: commit.slice(0, 7),
    commit,
    outcome,
    ...(kept !== undefined && {
      variables: {
        file: join(folder, variablesFile),
        names: kept.variables,
        secrets: kept.secrets,
        missing: kept.missing,
      },
      settings: { file: join(folder, settingsFile), values: kept.settings },
    }),
  }
  const done = { pulled: 'Pulled', updated: 'Updated', unchanged: 'No changes in' }[outcome]
  show(
    session,
    document,
    [
      `${done} ${service} in ${folder}: branch ${branch} at ${commit.slice(0, 7)}`,
      ...(kept === undefined
        ? []
        : [
            `  ${count(kept.variables.length, 'variable')} and ${count(kept.secrets.length, 'secret')} in ${variablesFile}, settings in ${settingsFile}: private, never uploaded`,
          ]),
      ...(kept === undefined || kept.missing.length === 0
        ? []
        : [
            `  you may not read the values of ${kept.missing.map(plain).join(', ')}: set what you need in ${variablesFile}`,
          ]),
      ...(kept?.saved ?? []).map((file) => `  your changes are kept in ${file}`),
      ...(outcome === 'pulled'
        ? [
            'Next: m3o dev or m3o deploy in that folder (on another platform: m3o env use PLATFORM/ENVIRONMENT, then m3o deploy --with-settings)',
          ]
        : []),
    ].join('\n'),
  )
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`
