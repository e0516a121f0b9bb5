import { setTimeout as delay } from 'node:timers/promises'
import { isPlatformError } from '#contract/errors.ts'
import { isUnderWay } from '#contract/states.ts'
import type { LogEntry } from '#contract/logs.ts'
import type { Inhabitant, OnHome } from '../../platform/on-home.ts'

/** Answers what it was last given, from a file that it synced; numbers its lines; says which text it was deployed with. */
const keeper = (text: string) => ({
  'index.js': `const fs = require('node:fs'), path = require('node:path').join(process.env.M3O_DATA, 'number')
let n = 0
setInterval(() => console.log('${text} line ' + ++n), 5)
require('node:http').createServer((request, response) => {
  const number = /^.keep.([0-9]+)/.exec(request.url)?.[1]
  if (number) {
    fs.writeFileSync(path + '.new', number, { flush: true }); fs.renameSync(path + '.new', path)
    const folder = fs.openSync(process.env.M3O_DATA, 'r'); fs.fsyncSync(folder); fs.closeSync(folder)
  }
  response.end(fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '')
}).listen(process.env.PORT, process.env.HOST)`,
})
const speaker = (text: string) => ({
  'index.ts': `import { createServer } from 'node:http'\nimport { word } from './word'\ncreateServer((_request, response) => response.end(word)).listen(Number(process.env.PORT), process.env.HOST)\n`,
  'word.ts': `export const word: string = ${JSON.stringify(text)}\n`,
})

/** So long may a line of a log take from being seen to being safe. */
const lineSafeAfterMs = 2_000

/**
 * Changes a platform in every way that it acknowledges, remembers what was acknowledged, and says later what of it is not
 * there. What was asked for and not answered may have happened or not.
 */
export class Ledger {
  readonly #as: Inhabitant
  #count = 0
  #serviceId = ''
  /** By path: texts of a draft that may be there, the acknowledged one first. */
  readonly #drafts = new Map<string, string[]>()
  readonly #variables = new Map<string, string[]>()
  readonly #environments = new Set<string>()
  readonly #services = new Set<string>()
  readonly #tokens = new Set<string>()
  /** Asked to be revoked: without an answer it may have happened or not. */
  readonly #revoking = new Set<string>()
  readonly #revoked = new Set<string>()
  #deployed: string[] = []
  #stored: string[] = []
  /** Newest line of the log seen, by when. */
  #lines: { seq: number; at: number }[] = []
  /** What was refused for another reason than that the platform is away. */
  readonly refused: string[] = []
  acknowledged = 0

  constructor(as: Inhabitant) {
    this.#as = as
  }

  /** A service for each kind of work. */
  async begin(platform: OnHome): Promise<void> {
    const acts = platform.acts(this.#as)
    const keeping = await acts.deploy('keeper', keeper('first'))
    if (keeping.state !== 'live') throw new Error(`keeper: ${JSON.stringify(keeping.error)}`)
    this.#serviceId = keeping.serviceId
    await this.#deploy(platform, AbortSignal.timeout(60_000))
  }

  /** Works until the signal, one thing of each kind at a time. */
  async work(platform: OnHome, signal: AbortSignal): Promise<void> {
    const { teamId, production: environmentId, userId } = this.#as
    const { rpc } = platform
    const at = { serviceId: this.#serviceId, environmentId }
    const again = async (act: () => Promise<void>) => {
      while (!signal.aborted) {
        try {
          await act()
          this.acknowledged++
        } catch (error) {
          if (!isPlatformError(error) || !['unavailable', 'cancelled'].includes(error.code))
            this.refused.push(String(error))
          await delay(10)
        }
      }
    }
    const next = () => `${++this.#count}`
    await Promise.all([
      again(() =>
        this.#note(this.#drafts, `file-${this.#count % 7}.txt`, next(), async (path, text, before) => {
          await rpc.call('source.save', {
            ...at,
            userId,
            path,
            text,
            expected: before === undefined ? null : await this.#hashOf(platform, path),
          })
        }),
      ),
      again(() =>
        this.#note(this.#variables, `V${this.#count % 5}`, next(), async (name, value) => {
          await rpc.call('variables.set', { ...at, name, value, secret: name === 'V0' })
        }),
      ),
      again(async () => {
        const name = `e${next()}`
        await rpc.call('environments.create', {
          teamId,
          name,
          kind: 'shared',
          parentId: environmentId,
          ownerId: userId,
        })
        this.#environments.add(name)
        await delay(100)
      }),
      again(async () => {
        const service = await rpc.call('services.create', {
          teamId,
          name: `s${next()}`,
          template: null,
          ownerId: userId,
        })
        this.#services.add(service.id)
        await delay(100)
      }),
      again(async () => {
        const token = await rpc.call('tokens.create', {
          teamId,
          userId,
          name: next(),
          scope: {},
          environmentId: null,
          expiresAt: null,
        })
        this.#tokens.add(token.id)
        if (this.#count % 2 === 0) return
        this.#revoking.add(token.id)
        await rpc.call('tokens.revoke', { teamId, tokenId: token.id })
        this.#revoked.add(token.id)
      }),
      again(() => this.#deploy(platform, signal)),
      again(async () => {
        const number = next()
        this.#stored.push(number)
        const answer = await platform.acts(this.#as).call(`keeper/keep/${number}`)
        if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
        this.#stored = [answer.body]
      }),
      this.#watchLog(platform, signal),
    ])
  }

  get #draft() {
    return { draft: { environmentId: this.#as.production, userId: this.#as.userId } }
  }

  /** Null when it was never saved, whatever was tried. */
  async #hashOf(platform: OnHome, path: string): Promise<string | null> {
    const read = platform.rpc.call('source.read', { serviceId: this.#serviceId, ref: this.#draft, path })
    return await read.then(
      ({ hash }) => hash,
      (error: unknown) => {
        if (isPlatformError(error) && error.code === 'not_found') return null
        throw error
      },
    )
  }

  async #note(
    all: Map<string, string[]>,
    name: string,
    value: string,
    write: (name: string, value: string, before: string[] | undefined) => Promise<void>,
  ): Promise<void> {
    const before = all.get(name)
    all.set(name, [...(before ?? ['']), value])
    await write(name, value, before)
    all.set(name, [value])
  }

  async #deploy(platform: OnHome, signal: AbortSignal): Promise<void> {
    const text = `text ${++this.#count}`
    this.#deployed.push(text)
    const { deploymentId } = await platform.acts(this.#as).upload('speaker', speaker(text))
    for await (const { state, error } of platform.rpc.stream('deployments.follow', { deploymentId }, { signal })) {
      if (state === 'live') {
        this.#deployed = [text]
        return
      }
      if (!isUnderWay(state)) throw new Error(`a deployment ended as ${state}: ${error?.message}`)
    }
  }

  async #watchLog(platform: OnHome, signal: AbortSignal): Promise<void> {
    try {
      for await (const { entries } of platform.rpc.stream(
        'logs.follow',
        { targets: [{ serviceId: this.#serviceId, environmentId: this.#as.production }], filter: {}, last: 1 },
        { signal },
      )) {
        const seq = entries.reduce((most, entry) => ('seq' in entry ? Math.max(most, entry.seq) : most), 0)
        if (seq > 0) this.#lines.push({ seq, at: performance.now() })
      }
    } catch {
      // The platform is away.
    }
  }

  /** What was acknowledged before `at` (of performance.now()) and is not there any more. Logs are in no backup. */
  async missing(platform: OnHome, at: number, { logs = true } = {}): Promise<string[]> {
    const { teamId, production: environmentId, userId } = this.#as
    const { rpc } = platform
    const place = { serviceId: this.#serviceId, environmentId }
    const missing: string[] = []
    const expect = (what: string, found: string | undefined, allowed: readonly string[]) => {
      if (found === undefined || !allowed.includes(found))
        missing.push(
          `${what} is ${JSON.stringify(found)} and was ${allowed.length > 6 ? `one of ${allowed.length}, from ${allowed[0]} to ${allowed.at(-1)}` : JSON.stringify(allowed)}`,
        )
    }
    for (const [path, allowed] of this.#drafts) {
      const file = await rpc
        .call('source.read', { serviceId: this.#serviceId, ref: this.#draft, path })
        .catch(() => undefined)
      expect(`the draft of ${path}`, file?.text ?? (allowed.includes('') ? '' : undefined), allowed)
    }
    const secrets = new Map((await rpc.call('variables.reveal', place)).map(({ name, value }) => [name, value]))
    const plain = new Map((await rpc.call('variables.list', place)).map(({ name, value }) => [name, value]))
    for (const [name, allowed] of this.#variables)
      expect(
        `variable ${name}`,
        secrets.get(name) ?? plain.get(name) ?? (allowed.includes('') ? '' : undefined),
        allowed,
      )
    const environments = new Set((await rpc.call('environments.list', { teamId })).map(({ name }) => name))
    missing.push(
      ...[...this.#environments].filter((name) => !environments.has(name)).map((name) => `environment ${name}`),
    )
    const services = new Set((await rpc.call('services.list', { teamId, environmentId })).map(({ id }) => id))
    for (const id of this.#services) {
      if (!services.has(id)) missing.push(`service ${id}`)
      const tree = await rpc
        .call('source.tree', { serviceId: id, ref: this.#draft })
        .catch((error: unknown) => String(error))
      if (!Array.isArray(tree) || tree.length === 0)
        missing.push(`the source of service ${id}: ${JSON.stringify(tree)}`)
    }
    const tokens = new Set((await rpc.call('tokens.list', { teamId, userId })).map(({ id }) => id))
    for (const id of this.#tokens) if (!tokens.has(id) && !this.#revoking.has(id)) missing.push(`token ${id}`)
    for (const id of this.#revoked) if (tokens.has(id)) missing.push(`the revoking of token ${id}`)
    const { broken, rows } = await rpc.call('audit.verify', {})
    if (broken !== null) missing.push(`the audit is broken at ${broken.seq}: ${broken.why}`)
    if (rows < this.#services.size + this.#environments.size + this.#tokens.size)
      missing.push(`the audit has ${rows} rows only`)
    const answers = await Promise.all(['speaker', 'keeper'].map((name) => this.#answer(platform, name)))
    expect('what speaker answers', answers[0], this.#deployed)
    if (this.#stored.length > 0) expect('what keeper has kept', answers[1], this.#stored)
    if (logs) missing.push(...(await this.#missingLines(platform, at)))
    return missing
  }

  async #answer(platform: OnHome, service: string): Promise<string> {
    let last = ''
    for (const deadline = performance.now() + 10_000; performance.now() < deadline; await delay(50)) {
      const { status, body } = await platform
        .acts(this.#as)
        .call(service)
        .catch((error: unknown) => ({ status: 0, body: String(error) }))
      if (status === 200) return body
      last = `${status} ${body}`
    }
    return last
  }

  /** Numbered without holes, each line once, and as far as a viewer had seen. */
  async #missingLines(platform: OnHome, at: number): Promise<string[]> {
    const seen = Math.max(0, ...this.#lines.filter((line) => line.at < at - lineSafeAfterMs).map(({ seq }) => seq))
    const missing: string[] = []
    const numbers = new Map<string | null, number>()
    let last = 0
    for (let cursor: string | null = null; ;) {
      const page: { entries: LogEntry[]; cursor: string | null } = await platform.rpc.call('logs.read', {
        targets: [{ serviceId: this.#serviceId, environmentId: this.#as.production }],
        query: { order: 'newer', limit: 10_000, budgetMs: 30_000, ...(cursor !== null && { cursor }) },
      })
      for (const entry of page.entries) {
        if (!('seq' in entry)) continue
        if (entry.seq !== last + 1) missing.push(`line ${entry.seq} of the log follows line ${last}`)
        last = entry.seq
        const number = Number(/ line (\d+)$/.exec(entry.text)?.[1])
        if (entry.stream !== 'stdout') continue
        const before = numbers.get(entry.instance)
        if (before !== undefined && number !== before + 1)
          missing.push(`in the log, ${entry.instance} says ${JSON.stringify(entry.text.slice(0, 100))} after ${before}`)
        numbers.set(entry.instance, number)
      }
      cursor = page.cursor
      if (cursor === null || page.entries.length === 0) break
    }
    if (last < seen)
      missing.push(
        `lines ${last + 1} to ${seen} of the log, which a viewer had seen ${lineSafeAfterMs / 1000} s before`,
      )
    return missing.slice(0, 5)
  }
}
