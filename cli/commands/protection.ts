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

const deeds: Record<Guard, string> = {
  deploy: 'deploy',
  secrets: 'see and set variables and secrets',
  promote: 'promote',
}

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
    .description('restrict who may do what in an environment')
    .option('--deploy <who>', 'deploy, roll back, restart, scale, stop, open a shell')
    .option('--secrets <who>', 'see and set its variables and secrets')
    .option('--promote <who>', 'promote to it (default: as --deploy)')
    .option('--approval', 'require approval of promotions by a second person')
    .option('--no-approval', 'require no approval')
    .option('--overlays', 'let services with its secrets serve calls from environments based on it')
    .option('--no-overlays', 'refuse these calls (the default)')
    .option('--off', 'remove the protection')
    .action(
      run(async (session, name: string, asked: Asked) => {
        const team = await session.team()
        const said = guards.filter((guard) => asked[guard] !== undefined)
        if (asked.off && said.length > 0)
          throw new Misuse(
            '--off cannot be combined with other options',
            `Remove --off, or ${said.map((guard) => `--${guard}`).join(', ')}.`,
          )
        const before = (await session.api.environments.list.query({ team })).find((one) => one.name === name)
        if (before === undefined)
          throw new PlatformError('not_found', `environment ${name} does not exist`, {
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
            ? `${name} is not protected: only team roles apply.`
            : [
                `${name} is protected.`,
                ...guards.map((guard) => `  ${deeds[guard].padEnd(22)} ${spoken(protection[guard])}`),
                ...(protection.approval ? ['  promotions to it require approval'] : []),
                `  services with its secrets ${protection.overlays ? 'serve' : 'do not serve'} calls from environments based on it`,
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
      unknown === undefined ? 'give one role, people, or both' : `not a role or an email: ${unknown}`,
      `Roles are ${roles.join(', ')}.`,
    )
  }
  return { role: said[0] ?? 'owner', people }
}

const spoken = ({ role, people }: Admitted): string =>
  [role === 'viewer' ? 'as team roles allow' : `${spokenLeast(role)}`, ...people].join(', ')
