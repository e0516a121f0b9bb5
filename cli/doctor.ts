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

/** One that answers, does so at once. */
const answerMs = 5_000

/** What is well of the platform and what is not: as it says itself, or, where it is silent and of this machine, as its folder shows. */
export async function diagnose(session: Session): Promise<Diagnosis> {
  const { url } = session
  let status: number
  try {
    status = (await session.ask('/health', { signal: AbortSignal.timeout(answerMs) })).status
  } catch (error) {
    if (!isAway(error) || !isHere(url)) throw error
    return {
      url,
      status: null,
      weaker: [],
      checks: [
        { name: 'console', state: 'bad', says: `no response from ${url}`, fix: null },
        ...(await examined(true)),
      ],
      well: false,
    }
  }
  const console: Check = {
    name: 'console',
    state: status === 200 ? 'ok' : 'bad',
    says: status === 200 ? `responds at ${url}` : `is not ready (${status})`,
    fix: status === 200 ? null : 'It is starting. Try again in a moment.',
  }
  if (session.token === undefined)
    return {
      url,
      status,
      weaker: [],
      checks: [console],
      well: status === 200,
      remark: 'Log in to see more: m3o login',
    }
  const within = { signal: AbortSignal.timeout(answerMs) }
  try {
    const { version, engine, gateway, weaker } = await session.api.platform.about.query(undefined, within)
    const checks = await session.api.platform.health.query(undefined, within).catch((error: unknown) => {
      if (platformError(error)?.code !== 'forbidden') throw error
      return undefined
    })
    const all = [console, ...(checks ?? []), ...(isHere(url) ? await orphaned(url) : [])]
    return {
      url,
      status,
      version,
      engine,
      gateway,
      weaker,
      checks: all,
      well: worst(all) !== 'bad',
      ...(checks === undefined && { remark: 'Platform operators see more details.' }),
    }
  } catch (error) {
    if (!within.signal.aborted && !isAway(error)) throw error
    if (isHere(url)) return { url, status, weaker: [], checks: [console, ...(await examined())], well: false }
    const runtime: Check = {
      name: 'runtime',
      state: 'bad',
      says: 'does not respond',
      fix: 'Services keep running; changes wait until it is back. Run m3o doctor on its machine for details.',
    }
    return { url, status, weaker: [], checks: [console, runtime], well: false }
  }
}

const isAway = (error: unknown): boolean => ['unavailable', 'timeout'].includes(platformError(error)?.code ?? '')

/** Of this machine's platform, from its folder. */
async function examined(isConsoleSilent = false): Promise<Check[]> {
  const { examineHome } = await import('./server/examine.ts')
  return examineHome(process.env, { isConsoleSilent })
}

async function orphaned(url: string): Promise<Check[]> {
  const { examineParent } = await import('./server/examine.ts')
  const parent = examineParent(process.env, url)
  return parent === undefined ? [] : [parent]
}

const marks = { ok: colors.green('ok  '), warn: colors.yellow('warn'), bad: colors.red('bad ') }

/** A line for each check, and under it what to do. */
export function spoken({ version, engine, gateway, weaker, checks, remark }: Diagnosis): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length))
  return [
    ...(version === undefined ? [] : [`M3O ${version}, ${engine} engine, services at ${gateway?.url}`]),
    ...checks.flatMap(({ name, state, says, fix }) => [
      `${marks[state]} ${name.padEnd(width)}  ${plain(says)}`,
      ...(fix === null ? [] : [`     ${' '.repeat(width)}  ${plain(fix)}`]),
    ]),
    ...weaker.map((one) => `Reduced isolation: ${plain(one)}`),
    ...(remark === undefined ? [] : [remark]),
  ]
}
