import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { egressText, parseEgress } from '#contract/egress.ts'
import { type Role, roles } from '#contract/permissions.ts'
import { readInput } from '../input.ts'
import type { Run } from '../run.ts'
import { oneOf } from '../misuse.ts'
import { show, table } from '../output.ts'
import type { Session } from '../session.ts'

export function addTeamCommands(program: Command, run: Run): void {
  const team = program.command('team').description('teams: create, use, list, delete, egress')
  team.command('list').action(
    run(async (session) => {
      const all = await session.api.teams.list.query()
      show(
        session,
        all.map(({ name, role }) => ({ name, role })),
        () =>
          table(
            ['team', 'role'],
            all.map(({ name, role }) => [name, role]),
          ),
      )
    }),
  )
  team.command('create <team>').action(
    run(async (session, name: string) => {
      const made = await session.api.teams.create.mutate({ name })
      show(session, { name: made.name, role: made.role }, `Created ${name}. Use it: m3o team use ${name}`)
    }),
  )
  team
    .command('use <team>')
    .description('choose the team of later commands')
    .action(
      run(
        async (session, name: string) => {
          const { person, teams } = await session.api.person.me.query()
          if (!teams.some((one) => one.name === name))
            throw new PlatformError('not_found', `team ${name} does not exist, or you are not a member`, {
              fix: `Choose one of ${teams.map((one) => one.name).join(', ')}.`,
            })
          session.config.choose(session.url, { team: name, environment: 'production' })
          show(
            session,
            { email: person.email, team: name, environment: 'production', url: session.url },
            `Using ${name}.`,
          )
        },
        { saysPlace: true },
      ),
    )
  team
    .command('delete <team>')
    .option('--yes', 'do not ask for confirmation')
    .action(
      run(async (session, name: string, { yes }: { yes?: boolean }) => {
        const { confirm } = await import('../confirm.ts')
        await confirm(session, name, yes ?? false)
        await session.api.teams.delete.mutate({ team: name })
        show(session, { name, deleted: true }, `Deleted ${name}.`)
      }),
    )

  team
    .command('egress [where...]')
    .description('show or set outbound network access: all, none, or hosts and networks')
    .action(
      run(async (session, where: string[]) => {
        const name = await session.team()
        if (where.length > 0) await session.api.teams.setEgress.mutate({ team: name, egress: asEgress(where) })
        const { egress, most, unenforced } = await session.api.teams.egress.query({ team: name })
        show(
          session,
          { team: name, egress, most, unenforced },
          [
            `Outbound network access of ${name}: ${egressText(egress)}`,
            ...(most.mode === 'all' ? [] : [`Limited by the operator to: ${egressText(most)}`]),
            ...(unenforced === null ? [] : [`Not enforced on this machine: ${unenforced}`]),
          ].join('\n'),
        )
      }),
    )

  const member = program.command('member').description('members: list, role, remove')
  member.command('list').action(
    run(async (session) => {
      const all = await session.api.members.list.query({ team: await session.team() })
      show(
        session,
        all.map(({ person, role }) => ({
          email: person.email,
          name: person.name,
          role,
          confirmed: !person.unconfirmed,
        })),
        () =>
          table(
            ['person', 'email', 'role'],
            all.map(({ person, role }) => [
              person.name,
              person.unconfirmed ? `${person.email} (not confirmed)` : person.email,
              role,
            ]),
          ),
      )
    }),
  )
  member.command('role <email> <role>').action(
    run(async (session, email: string, role: string) => {
      const known = asRole(role)
      await session.api.members.setRole.mutate({
        team: await session.team(),
        userId: await idOf(session, email),
        role: known,
      })
      show(session, { email, role }, `${email} is ${role}.`)
    }),
  )
  member.command('remove <email>').action(
    run(async (session, email: string) => {
      await session.api.members.remove.mutate({ team: await session.team(), userId: await idOf(session, email) })
      show(session, { email, removed: true }, `${email} is no longer in the team.`)
    }),
  )

  const invite = program.command('invite').description('invitations: create, accept')
  invite
    .command('create <email>')
    .requiredOption('--role <role>')
    .action(
      run(async (session, email: string, { role }: { role: string }) => {
        const { link } = await session.api.invitations.create.mutate({
          team: await session.team(),
          email,
          role: asRole(role),
        })
        show(session, { link }, link)
      }),
    )
  invite
    .command('accept <link>')
    .option('--name <name>')
    .option('--password-stdin')
    .action(
      run(async (session, link: string, { name, passwordStdin }: { name?: string; passwordStdin?: boolean }) => {
        const joined = await session.api.invitations.accept.mutate({
          secret: link.split('/').at(-1) ?? link,
          ...(name !== undefined && { name }),
          ...(passwordStdin && { password: await readInput() }),
        })
        show(session, joined, `Joined ${joined.team} as ${joined.role}.`)
      }),
    )
}

function asEgress(where: string[]) {
  try {
    return parseEgress(where)
  } catch {
    throw new PlatformError('bad_request', `invalid network list: ${where.join(' ')}`, {
      fix: 'Give all, none, or hosts and networks: m3o team egress api.example.com 203.0.113.0/24',
    })
  }
}

const asRole = (role: string): Role => oneOf('role', role, roles)

async function idOf(session: Session, email: string): Promise<string> {
  const all = await session.api.members.list.query({ team: await session.team() })
  const found = all.find(({ person }) => person.email.toLowerCase() === email.toLowerCase())
  if (found === undefined)
    throw new PlatformError('not_found', `${email} is not in the team`, { fix: 'List members: m3o member list.' })
  return found.person.id
}
