import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { spokenLaptop } from '#contract/laptop-names.ts'
import type { Service } from '#contract/records.ts'
import { followDeployment } from '../deployment.ts'
import type { Run } from '../run.ts'
import { Misuse } from '../misuse.ts'
import { ago, fail, show, table } from '../output.ts'
import { nameFrom, statusOf, statusOfAll } from '../status.ts'
import { noteEnding } from './environments.ts'
import { noteDependants } from './sharing.ts'
import { readables } from '#contract/sharing.ts'
import { oneOf } from '../misuse.ts'
import { wholeNumber } from '../input.ts'

/** A service as `--json` gives it. */
function document(service: Service) {
  const { team, name, environment, from, laptop, pinned, state, revision, instances, url, owner, endpoints } = service
  return {
    team,
    service: name,
    environment,
    from,
    state,
    revision,
    instances: instances.map(({ id, pid, state: now }) => ({ id, pid, state: now })),
    url,
    owner: owner?.email ?? null,
    endpoints: endpoints.map((endpoint) => ({
      name: endpoint.name,
      request: endpoint.request,
      response: endpoint.response,
    })),
    ...(pinned && { pinned }),
    ...(laptop !== null && { laptop: { by: laptop.by.email, since: laptop.since, instance: laptop.instance } }),
  }
}

export function addServiceCommands(program: Command, run: Run): void {
  program
    .command('services')
    .description('list services in the current environment')
    .action(
      run(async (session) => {
        const place = await session.place()
        const services = await session.api.services.list.query(place)
        show(session, services.map(document), () =>
          services.length === 0
            ? 'No services yet. Create one: m3o new hello'
            : table(
                ['service', 'state', 'revision', 'from', 'instances', 'deployed', 'url'],
                services.map((one) => [
                  nameFrom(place.team, one),
                  one.state,
                  one.revision ?? '–',
                  one.from === null
                    ? '–'
                    : one.laptop !== null
                      ? `${one.from} (${spokenLaptop(one.laptop.by)})`
                      : one.pinned
                        ? `${one.from} (pinned)`
                        : one.from,
                  String(one.instances.length),
                  one.deployedAt !== null ? ago(one.deployedAt) : 'never',
                  one.url,
                ]),
              ),
        )
      }),
    )

  program
    .command('status [service]')
    .description('show service status')
    .action(
      run(async (session, name: string | undefined) => {
        const services =
          name === undefined
            ? await session.api.services.list.query(await session.place())
            : [await session.described(await session.service(name))]
        const { team, environment } = await session.place()
        show(session, services.map(document), () =>
          name === undefined ? statusOfAll(services, { team, environment }) : services.map(statusOf).join('\n'),
        )
        if (session.json) return
        noteEnding(
          session,
          (await session.api.environments.list.query({ team })).filter((one) => one.name === environment),
        )
      }),
    )

  program
    .command('describe <service>')
    .description("set a service's description, contact and tags")
    .option('--description <text>')
    .option('--contact <how>', 'contact of the person on call')
    .option('--tags <tags>', 'words, separated by commas')
    .action(
      run(
        async (
          session,
          name: string,
          { description, contact, tags }: { description?: string; contact?: string; tags?: string },
        ) => {
          const change = {
            ...(description !== undefined && { description }),
            ...(contact !== undefined && { contact }),
            ...(tags !== undefined && { tags: tags.split(/[\s,]+/).filter((tag) => tag !== '') }),
          }
          if (Object.keys(change).length === 0)
            throw new Misuse('nothing to change', 'Give --description, --contact or --tags.')
          await session.api.services.update.mutate({ team: await session.team(), service: name, ...change })
          show(session, { service: name, ...change }, `Saved.`)
        },
      ),
    )

  program
    .command('kill <service>')
    .description('stop a service in this environment; source, history and settings remain')
    .action(
      run(async (session, name: string) => {
        const at = await session.service(name)
        await session.api.services.kill.mutate(at)
        show(
          session,
          { service: name, environment: at.environment, state: 'stopped' },
          `Stopped ${name} in ${at.environment}. To start it: m3o restart ${name}`,
        )
      }),
    )

  const service = program.command('service').description('delete, rename or transfer a service')
  service
    .command('delete <service>')
    .description('delete a service in all environments, with its source and logs')
    .option('--yes', 'do not ask for confirmation')
    .action(
      run(async (session, name: string, { yes }: { yes?: boolean }) => {
        const { confirm } = await import('../confirm.ts')
        await noteDependants(session, { team: await session.team(), service: name }, 'This would break calls from:')
        await confirm(session, name, yes ?? false)
        await session.api.services.delete.mutate({ team: await session.team(), service: name })
        show(session, { service: name, deleted: true }, `Deleted ${name}.`)
      }),
    )
  service
    .command('rename <service> <name>')
    .description('rename a service; its old name still works')
    .action(
      run(async (session, old: string, name: string) => {
        await session.api.services.rename.mutate({ team: await session.team(), service: old, name })
        show(session, { service: name, formerly: old }, `Renamed ${old} to ${name}. Its old addresses still work.`)
      }),
    )

  service
    .command('transfer <service> <to>')
    .description('transfer a service to another team, or to another owner by email')
    .action(
      run(async (session, name: string, to: string) => {
        const team = await session.team()
        if (to.includes('@')) {
          await session.api.services.update.mutate({ team, service: name, owner: to })
          return show(session, { service: name, team, owner: to }, `${to} owns ${name}.`)
        }
        await noteDependants(
          session,
          { team, service: name },
          'These callers wait while the service moves, then continue:',
        )
        const { deploymentId } = await session.api.services.transfer.mutate({ team, service: name, to })
        const deployment = deploymentId === null ? undefined : await followDeployment(session, to, deploymentId)
        const document = {
          service: name,
          team: to,
          formerly: team,
          deployment: deploymentId,
          outcome: deployment?.state ?? 'stopped',
        }
        if (deployment !== undefined && deployment.state !== 'live') {
          return fail(
            new PlatformError(
              'start_failed',
              `Transferred ${name} to ${to}, but it is not live: ${deployment.error?.message ?? deployment.state}`,
              { fix: `See why: m3o --team ${to} logs ${name}` },
            ),
            session,
            { ...document, error: deployment.error },
          )
        }
        show(session, document, `Transferred ${name} to ${to}. Its old addresses still work.`)
      }),
    )

  program
    .command('share <service>')
    .description('set who may call a service')
    .option('--with <team>', 'a team (repeatable)', (team: string, all: string[]) => [...all, team], [] as string[])
    .option('--platform', 'everyone on this platform')
    .option('--anyone', 'anyone, without sign-in')
    .option('--team-only', 'only its own team')
    .option('--approval', 'other teams need approval')
    .option('--no-approval', 'other teams need no approval')
    .option('--per-minute <n>', 'calls per minute for each other team; 0: no limit', wholeNumber)
    .option('--source <who>', `who may read and fork the source: ${readables.join(', ')}`)
    .action(
      run(
        async (
          session,
          name: string,
          options: {
            with: string[]
            platform?: boolean
            anyone?: boolean
            teamOnly?: boolean
            approval?: boolean
            perMinute?: number
            source?: string
          },
        ) => {
          const chosen = [options.with.length > 0, options.platform, options.anyone, options.teamOnly].filter(
            Boolean,
          ).length
          const more = {
            ...(options.approval !== undefined && { approval: options.approval }),
            ...(options.perMinute !== undefined && { perMinute: options.perMinute === 0 ? null : options.perMinute }),
            ...(options.source !== undefined && { readable: oneOf('source', options.source, readables) }),
          }
          if (chosen === 0 && Object.keys(more).length > 0) {
            await session.api.services.share.mutate({ team: await session.team(), service: name, ...more })
            return show(session, { service: name, ...more }, `Saved the sharing settings of ${name}.`)
          }
          if (chosen !== 1)
            throw new Misuse(
              chosen === 0 ? 'give an audience' : 'these options exclude each other',
              'Give one of --with TEAM, --platform, --anyone, --team-only.',
            )
          const audience = options.anyone
            ? { kind: 'anyone' as const }
            : options.platform
              ? { kind: 'platform' as const }
              : options.with.length > 0
                ? { kind: 'teams' as const, teams: options.with }
                : { kind: 'team' as const }
          const team = await session.team()
          await noteDependants(
            session,
            { team, service: name },
            'These callers lose access:',
            (one) =>
              one.team !== team &&
              !(audience.kind === 'teams'
                ? audience.teams.includes(one.team)
                : audience.kind === 'anyone' || (audience.kind === 'platform' && one.team !== '')),
          )
          await session.api.services.share.mutate({ team, service: name, audience, ...more })
          show(
            session,
            { service: name, audience, ...more },
            `${name} may be called by ${audience.kind === 'teams' ? audience.teams.join(', ') : { team: 'its team', platform: 'everyone on this platform', anyone: 'anyone' }[audience.kind]}.`,
          )
        },
      ),
    )
}
