import { PlatformError } from '#contract/errors.ts'
import type { Environment } from '#contract/records.ts'
import { type Address, addressOf, labelOf, parseAddress, platformCalled } from '../address.ts'
import { document } from '../environment.ts'
import { note, plain, show, table } from '../output.ts'
import { platformError, type Session } from '../session.ts'

/** `env use`: of this platform, or of any other that one is logged in to, which becomes the chosen one. */
export async function useEnvironment(session: Session, text: string): Promise<void> {
  const address = parseAddress(text, session.config.urls)
  const found = address.url === undefined ? await hereOrPlatform(session, text) : await there(session, address)
  const { at, team, chosen } = found
  session.config.choose(at.url, { team, environment: chosen.name })
  const moved = at.url !== session.url
  show(
    session,
    { ...document(chosen), team, environment: chosen.name, url: at.url },
    moved ? `Using ${chosen.name} of ${team} on ${at.label}.` : `Using ${chosen.name}.`,
  )
  const { M3O_URL, M3O_TOKEN } = process.env
  if (moved && (M3O_URL || M3O_TOKEN))
    note(
      session,
      `${M3O_URL ? `M3O_URL=${plain(M3O_URL)}` : 'M3O_TOKEN'} in this shell overrides this choice. To remove it: unset ${M3O_URL ? 'M3O_URL' : 'M3O_TOKEN'}`,
    )
}

interface Found {
  at: Session
  team: string
  chosen: Environment
}

/** A name alone is an environment here; when there is none, it may be a platform. */
async function hereOrPlatform(session: Session, name: string): Promise<Found> {
  const team = await session.team()
  const all = await session.api.environments.list.query({ team })
  const chosen = all.find((one) => one.name === name)
  if (chosen !== undefined) return { at: session, team, chosen }
  const url = calledSo(name, session.config.urls)
  if (url !== undefined) return there(session, { url })
  throw new PlatformError('not_found', `environment ${name} does not exist`, {
    fix: `Choose one of ${all.map((one) => one.name).join(', ')}. To see those of other platforms: m3o env list --all`,
  })
}

async function there(session: Session, { url = session.url, team: asked, environment }: Address): Promise<Found> {
  const at = session.on(url, { team: asked })
  const team = await at.team()
  const name = environment ?? (await at.environment())
  const all = await at.api.environments.list.query({ team })
  // What was chosen there may be gone by now; production never is.
  const chosen =
    all.find((one) => one.name === name) ??
    (environment === undefined ? all.find((one) => one.kind === 'production') : undefined)
  if (chosen === undefined)
    throw new PlatformError('not_found', `environment ${name} does not exist in ${team} on ${at.label}`, {
      fix: `Choose one of ${all.map((one) => one.name).join(', ')}.`,
    })
  return { at, team, chosen }
}

function calledSo(name: string, urls: readonly string[]): string | undefined {
  try {
    return platformCalled(name, urls)
  } catch {
    return undefined
  }
}

interface Everywhere {
  url: string
  at: Session
  teams: { team: string; environments: Environment[] }[]
  error?: PlatformError
}

/** `env list --all`: an element an environment; one with an `error` for a platform that did not answer. */
export async function listEverywhere(session: Session): Promise<void> {
  const { urls } = session.config
  const all = await everywhere(session)
  const isChosen = ({ at, url }: Everywhere, team: string, name: string) =>
    url === session.url && at.chosen.team === team && at.chosen.environment === name
  const rows = all.flatMap((platform) =>
    platform.teams.flatMap(({ team, environments }) => environments.map((one) => ({ platform, team, one }))),
  )
  show(
    session,
    [
      ...rows.map(({ platform, team, one }) => ({
        platform: labelOf(platform.url, urls),
        url: platform.url,
        team,
        chosen: isChosen(platform, team, one.name),
        ...document(one),
      })),
      ...all.flatMap(({ url, error }) =>
        error === undefined ? [] : [{ platform: labelOf(url, urls), url, error: error.toJSON() }],
      ),
    ],
    () =>
      rows.length === 0
        ? 'No platform that you are logged in to responds. Log in: m3o login --url URL'
        : table(
            ['', 'platform', 'team', 'environment', 'kind', 'parent', 'use'],
            rows.map(({ platform, team, one }) => [
              isChosen(platform, team, one.name) ? '*' : '',
              labelOf(platform.url, urls),
              team,
              one.name,
              one.kind,
              one.parent ?? '–',
              `m3o env use ${addressIn(platform, team, one.name, urls)}`,
            ]),
          ),
  )
  for (const { url, error } of all)
    if (error !== undefined) note(session, `${labelOf(url, urls)}: ${plain(error.message)}`)
}

/** Where `env use` leads: names here, and addresses elsewhere. They end up in a shell's line, so a platform cannot say just anything. */
export async function completeAddresses(session: Session): Promise<string[]> {
  const all = await everywhere(session)
  return all.flatMap((platform) =>
    platform.teams.flatMap(({ team, environments }) =>
      environments
        .filter(({ name }) => /^[a-z0-9-]+$/.test(team + name))
        .flatMap(({ name }) => [
          ...(platform.url === session.url && platform.at.chosen.team === team ? [name] : []),
          ...(session.config.urls.length > 1 || platform.at.chosen.team !== team
            ? [addressIn(platform, team, name, session.config.urls)]
            : []),
        ]),
    ),
  )
}

const addressIn = ({ url, at }: Everywhere, team: string, environment: string, urls: readonly string[]) =>
  addressOf(url, urls, { environment, ...(at.chosen.team !== team && { team }) })

/** Side by side, each for a moment only: a laptop's platform is often off. */
async function everywhere(session: Session): Promise<Everywhere[]> {
  const { urls } = session.config
  const asked = urls.includes(session.url) ? urls : [session.url, ...urls]
  return Promise.all(
    asked.map(async (url): Promise<Everywhere> => {
      const at = urls.includes(url) ? session.on(url, { patient: false }) : session
      try {
        const { teams } = await at.api.person.me.query()
        return {
          url,
          at,
          teams: await Promise.all(
            teams.map(async ({ name }) => ({
              team: name,
              environments: await at.api.environments.list.query({ team: name }),
            })),
          ),
        }
      } catch (error) {
        const known = platformError(error)
        if (known === undefined) throw error
        return { url, at, teams: [], error: known }
      }
    }),
  )
}
