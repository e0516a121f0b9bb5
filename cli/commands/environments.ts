import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { isEnding } from '#contract/environment-life.ts'
import { environmentKinds, type Environment } from '#contract/records.ts'
import { document, isoTime } from '../environment.ts'
import type { Run } from '../run.ts'
import { oneOf } from '../misuse.ts'
import { ago, note, show, table, within } from '../output.ts'
import type { Session } from '../session.ts'
import { listEverywhere, useEnvironment } from './places.ts'
import { addPinCommands } from './pins.ts'
import { addPromotionCommands } from './promotions.ts'
import { addProtectionCommand } from './protection.ts'

export function addEnvironmentCommands(program: Command, run: Run): void {
  const env = program
    .command('env')
    .description(
      'environments: list, use, create, diff, promote, move, keep, reset, protect, let-in, pin, delete, restore',
    )

  env
    .command('list')
    .description("list the team's environments")
    .option('--all', 'list environments of all teams and platforms that you are logged in to')
    .action(
      run(
        async (session, { all: everywhere }: { all?: boolean }) => {
          if (everywhere) return listEverywhere(session)
          const { team, environment } = await session.place()
          const all = await session.api.environments.list.query({ team })
          show(session, all.map(document), () =>
            table(
              ['', 'environment', 'kind', 'parent', 'own', 'owner', 'used', 'expires'],
              inTree(all).map(({ one, indent }) => [
                one.name === environment ? '*' : '',
                indent + one.name,
                [one.kind, ...(one.protection === null ? [] : ['protected'])].join(', '),
                one.parent === null ? '–' : one.pinned === null ? one.parent : `${one.parent} (pinned)`,
                one.overrides.map((own) => own.service).join(', ') || '–',
                one.owner?.email ?? '–',
                one.usedAt === null ? '–' : ago(one.usedAt),
                one.expires === null ? 'never' : within(one.expires),
              ]),
            ),
          )
          noteEnding(session, all)
        },
        { saysPlace: true },
      ),
    )

  env
    .command('use <environment>')
    .description('choose the environment of later commands')
    .action(run(useEnvironment, { saysPlace: true }))

  env
    .command('create <environment>')
    .option('--from <parent>', 'parent environment (production)')
    .option('--kind <kind>', environmentKinds.slice(1).join(', '))
    .action(
      run(async (session, name: string, { from, kind }: { from?: string; kind?: string }) => {
        const asked = kind === undefined ? {} : { kind: oneOf('kind of environment', kind, environmentKinds.slice(1)) }
        const made = await session.api.environments.create.mutate({
          team: await session.team(),
          name,
          ...(from !== undefined && { from }),
          ...asked,
        })
        show(session, document(made), `Created ${name} on ${made.parent}. Use it: m3o env use ${name}`)
      }),
    )

  env
    .command('reset <service>')
    .description("remove an override, so that the parent's revision applies again")
    .action(
      run(async (session, service: string) => {
        const at = await session.service(service)
        await session.api.environments.reset.mutate(at)
        show(
          session,
          { service, environment: at.environment },
          `Reset ${service} in ${at.environment}: it inherits from the parent again.`,
        )
      }),
    )

  env
    .command('move <environment>')
    .description('move an environment, and those based on it, to another parent')
    .requiredOption('--from <parent>', 'new parent environment')
    .action(
      run(async (session, name: string, { from }: { from: string }) => {
        const moved = await session.api.environments.move.mutate({
          team: await session.team(),
          environment: name,
          from,
        })
        show(session, document(moved), `Moved ${name}: it inherits from ${moved.parent} now.`)
      }),
    )

  env
    .command('let-in <environment> [emails...]')
    .description('let people work in your personal environment, or list them')
    .option('--out', 'remove these people instead')
    .action(
      run(async (session, name: string, emails: string[], { out }: { out?: boolean }) => {
        const team = await session.team()
        const found = (await session.api.environments.list.query({ team })).find((one) => one.name === name)
        if (found === undefined)
          throw new PlatformError('not_found', `environment ${name} does not exist`, {
            fix: 'List them with `m3o env list`.',
          })
        const before = found.letIn.map(({ email }) => email)
        const named = emails.map((email) => email.toLowerCase())
        const people = out
          ? before.filter((email) => !named.includes(email.toLowerCase()))
          : [...new Set([...before, ...emails])]
        if (emails.length > 0) await session.api.environments.letIn.mutate({ team, environment: name, people })
        show(
          session,
          { environment: name, owner: found.owner?.email ?? null, people },
          people.length === 0
            ? `Only ${found.owner?.email ?? 'its owner'} and admins work in ${name}.`
            : `${[found.owner?.email, ...people].filter(Boolean).join(', ')} and admins work in ${name}.`,
        )
      }),
    )

  env
    .command('keep <environment>')
    .description('reset its 72-hour expiry')
    .action(
      run(async (session, name: string) => {
        const kept = await session.api.environments.keep.mutate({ team: await session.team(), environment: name })
        show(
          session,
          document(kept),
          `Kept ${name}: if unused, it expires ${kept.expires === null ? 'never' : within(kept.expires)}.`,
        )
      }),
    )

  // It can be undone, so that nothing is asked; scripts of before say --yes.
  env
    .command('delete <environment>')
    .description('delete an environment; it can be restored for a day')
    .option('--yes', 'no effect; kept for older scripts')
    .action(
      run(async (session, name: string) => {
        await session.api.environments.delete.mutate({ team: await session.team(), environment: name })
        if (session.config.of(session.url).environment === name)
          session.config.remember(session.url, { environment: 'production' })
        show(session, { name, deleted: true }, `Deleted ${name}. To restore it within a day: m3o env restore ${name}`)
      }),
    )

  env
    .command('restore [environment]')
    .description('restore an environment that was deleted or expired within a day, or list them')
    .action(
      run(async (session, name: string | undefined) => {
        const team = await session.team()
        if (name !== undefined) {
          const back = await session.api.environments.restore.mutate({ team, name })
          return show(
            session,
            document(back),
            `Restored ${name} with ${back.overrides.length === 0 ? 'no overrides' : `its overrides ${back.overrides.map(({ service }) => service).join(', ')}`}.`,
          )
        }
        const all = await session.api.environments.departed.query({ team })
        const documents = all.map((one) => ({
          name: one.name,
          kind: one.kind,
          parent: one.parent,
          expired: one.expired,
          departed: isoTime(one.departedAt),
          until: isoTime(one.until),
        }))
        show(session, documents, () =>
          all.length === 0
            ? 'No environment was deleted or expired within the last day.'
            : table(
                ['environment', 'kind', 'gone', 'why', 'own', 'until'],
                all.map((one) => [
                  one.name,
                  one.kind,
                  ago(one.departedAt),
                  one.expired ? 'expired' : 'deleted',
                  one.overrides.map(({ service }) => service).join(', ') || '–',
                  within(one.until),
                ]),
              ),
        )
      }),
    )

  addProtectionCommand(env, run)
  addPinCommands(env, run)
  addPromotionCommands(env, run)
}

/** Those whose time is nearly over, and what keeps them. */
export function noteEnding(session: Pick<Session, 'json'>, environments: readonly Environment[]): void {
  for (const { name, expires } of environments) {
    if (isEnding(expires, Date.now()))
      note(session, `${name} is unused and expires ${within(expires)}. To keep it: m3o env keep ${name}`)
  }
}

/** Each under its parent. */
function inTree(
  all: readonly Environment[],
  parent: string | null = null,
  depth = 0,
): { one: Environment; indent: string }[] {
  return all
    .filter((one) => one.parent === parent)
    .flatMap((one) => [
      { one, indent: depth === 0 ? '' : `${'  '.repeat(depth - 1)}└ ` },
      ...inTree(all, one.name, depth + 1),
    ])
}
