import colors from 'picocolors'
import { type Check, worst } from '#contract/checks.ts'
import { isHere } from './address.ts'
import { plain } from './output.ts'
import { platformError, type Session } from './session.ts'

export interface Diagnosis {
  url: string
  /** Of the console's own `/health`; null when nothing answers there. */
  status: number | null
  version?: string
  engine?: string
  gateway?: { url: string }
  /** What the engine has to do without on this machine. */
  weaker: string[]
  checks: Check[]
  /** Nothing is bad. */
  well: boolean
  remark?: string
}

/** What is well of the platform and what is not: as it says itself, or, when it is silent and of this machine, as its folder shows. */
export async function diagnose(session: Session): Promise<Diagnosis> {
  const { url } = session
  let status: number
  try {
    status = (await session.fetch('/health')).status
  } catch (error) {
    if (platformError(error)?.code !== 'unavailable' || !isHere(url)) throw error
    const { examineHome } = await import('./server/examine.ts')
    return { url, status: null, weaker: [], checks: [{ name: 'console', state: 'bad', says: `nothing answers at ${url}`, fix: null }, ...examineHome(process.env)], well: false }
  }
  const console: Check = { name: 'console', state: status === 200 ? 'ok' : 'bad', says: status === 200 ? `answers at ${url}` : `is not ready (${status})`, fix: status === 200 ? null : 'It is starting: ask again in a moment.' }
  if (session.token === undefined) return { url, status, weaker: [], checks: [console], well: status === 200, remark: 'You are not logged in: m3o login' }
  const { version, engine, gateway, weaker } = await session.api.platform.about.query()
  const checks = await session.api.platform.health.query().catch((error: unknown) => {
    if (platformError(error)?.code !== 'forbidden') throw error
    return undefined
  })
  const all = [console, ...(checks ?? [])]
  return { url, status, version, engine, gateway, weaker, checks: all, well: worst(all) !== 'bad', ...(checks === undefined && { remark: 'More of it is told to operators of the platform.' }) }
}

const marks = { ok: colors.green('ok  '), warn: colors.yellow('warn'), bad: colors.red('bad ') }

/** A line for each check, and under it what to do. */
export function spoken({ version, engine, gateway, weaker, checks, remark }: Diagnosis): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length))
  return [
    ...(version === undefined ? [] : [`M3O ${version}, ${engine} engine, services at ${gateway?.url}`]),
    ...checks.flatMap(({ name, state, says, fix }) => [`${marks[state]} ${name.padEnd(width)}  ${plain(says)}`, ...(fix === null ? [] : [`     ${' '.repeat(width)}  ${plain(fix)}`])]),
    ...weaker.map((one) => `Weaker than it should be: ${plain(one)}`),
    ...(remark === undefined ? [] : [remark]),
  ]
}
