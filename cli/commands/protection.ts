import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { type Role, roles } from '#contract/permissions.ts'
import { type Guard, guards, spokenLeast } from '#contract/protection.ts'
import type { ShownProtection } from '#contract/records.ts'
import type { Run } from '../run.ts'
import { Misuse } from '../misuse.ts'
import { show } from '../output.ts'

type Asked = Partial<Record<Guard, string>> & { off?: boolean; approval?: boolean; overlays?: boolean }
type Wanted = Record<Guard, Admitted> & { approval?: boolean | undefined; overlays?: boolean | undefined }
interface Admitted {
  role: Role
  people: string[]
}

const deeds: Record<Guard, string> = { deploy: 'deploy', secrets: 'variables and secrets', promote: 'promote' }

/** A protection as `--json` gives it; null when the roles alone decide. */
export const protectionDocument = (protection: ShownProtection | null) =>
  protection === null
    ? null
    : {
        ...Object.fromEntries(
          guards.map((guard) => [
            guard,
            { role: protection[guard].role, people: protection[guard].people.map(({ email }) => email) },
          ]),
        ),
        ...(protection.approval && { approval: true }),
        ...(protection.overlays && { overlays: true }),
      }

export function addProtectionCommand(env: Command, run: Run): void {
  env
    .command('protect <environment>')
    .description(
      'who may do what in it: a role and all above it, and people by their emails (WHO: admin,ann@example.com)',
    )
    .option('--deploy <who>', 'deploy, roll back, restart, scale, stop, open a shell')
    .option('--secrets <who>', 'see and set its variables and secrets')
    .option('--promote <who>', 'promote into it; as --deploy unless it is said')
    .option('--approval', 'a promotion into it needs a second person, who approves it')
    .option('--no-approval', 'it does not')
    .option('--overlays', 'let services that hold its secrets serve calls of environments based on it')
    .option('--no-overlays', 'refuse these calls (the default)')
    .option('--off', 'not protected any more')
    .action(
      run(async (session, name: string, asked: Asked) => {
        const team = await session.team()
        const said = guards.filter((guard) => asked[guard] !== undefined)
        if (asked.off && said.length > 0)
          throw new Misuse(
            '--off goes with nothing else',
            `Take it away, or the others: ${said.map((guard) => `--${guard}`).join(', ')}.`,
          )
        const before = (await session.api.environments.list.query({ team })).find((one) => one.name === name)
        if (before === undefined)
          throw new PlatformError('not_found', `there is no environment ${name}`, {
            fix: 'List them with `m3o env list`.',
          })
        const known = protectionDocument(before.protection) as Wanted | null
        const isAsking =
          known !== null &&
          said.length === 0 &&
          !asked.off &&
          asked.approval === undefined &&
          asked.overlays === undefined
        const protection = asked.off ? null : wanted(known, asked)
        if (!isAsking) await session.api.environments.protect.mutate({ team, environment: name, protection })
        show(
          session,
          { environment: name, protection },
          protection === null
            ? `${name} is not protected: the roles alone say who may do what.`
            : [
                `${name} is protected.`,
                ...guards.map((guard) => `  ${deeds[guard].padEnd(22)} ${spoken(protection[guard])}`),
                ...(protection.approval ? ['  a promotion into it needs a second person'] : []),
                `  services that hold its secrets ${protection.overlays ? 'serve' : 'do not serve'} environments based on it`,
              ].join('\n'),
        )
      }),
    )
}

/** What is not said stays; in an environment that nothing protects it is open, and all of it is the admins' when nothing is said at all. */
function wanted(known: Wanted | null, asked: Asked): Wanted {
  const approval = asked.approval ?? known?.approval ?? false
  const overlays = asked.overlays ?? known?.overlays ?? false
  const isBare = guards.every((guard) => asked[guard] === undefined)
  const open: Admitted = { role: isBare ? 'admin' : 'viewer', people: [] }
  const deploy = asked.deploy === undefined ? (known?.deploy ?? open) : parseWho(asked.deploy)
  return {
    deploy,
    secrets: asked.secrets === undefined ? (known?.secrets ?? open) : parseWho(asked.secrets),
    promote: asked.promote === undefined ? (known?.promote ?? deploy) : parseWho(asked.promote),
    ...(approval && { approval }),
    ...(overlays && { overlays }),
  }
}

/** `admin`, `admin,ann@example.com`, or people alone, besides the owners. */
function parseWho(text: string): Admitted {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  const said = words.filter((word): word is Role => (roles as readonly string[]).includes(word))
  const people = words.filter((word) => word.includes('@'))
  const unknown = words.find((word) => !word.includes('@') && !(roles as readonly string[]).includes(word))
  if (words.length === 0 || unknown !== undefined || said.length > 1) {
    throw new Misuse(
      unknown === undefined ? 'say one role, or people, or both' : `${unknown} is neither a role nor an email`,
      `Roles are ${roles.join(', ')}.`,
    )
  }
  return { role: said[0] ?? 'owner', people }
}

const spoken = ({ role, people }: Admitted): string =>
  [role === 'viewer' ? 'whoever may elsewhere' : `${spokenLeast(role)}`, ...people].join(', ')
