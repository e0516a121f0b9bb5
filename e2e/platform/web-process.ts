import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { errorFromBody } from '#contract/errors.ts'
import { checkout } from '../stack/stack.ts'
import type { Inhabitant, OnHome } from './on-home.ts'

export interface WebProcess extends AsyncDisposable {
  pid: () => number
  port: number
  hasEnded: () => boolean
  /** The last of what it logged and complained. */
  said: () => string
  /** One procedure that reads. @throws PlatformError */
  ask: (procedure: string, input: unknown) => Promise<unknown>
}

/** As `startWeb`, in a process of its own, so that it can be seen whether it ends. */
export async function startWebProcess(
  { home, gatewayPort }: Pick<OnHome, 'home' | 'gatewayPort'>,
  as: Inhabitant,
  settings: Record<string, string> = {},
): Promise<WebProcess> {
  const env = {
    PATH: process.env.PATH,
    HOME_PATH: home.path,
    GATEWAY_PORT: String(gatewayPort),
    ...settings,
  } as unknown as NodeJS.ProcessEnv
  const web = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'e2e/platform/web-main.ts'], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  let said = ''
  web.stderr.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-1_000_000)))
  const gone = new Promise<void>((resolve) => web.once('exit', () => resolve()))
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: web.stdout }).on('line', (line) =>
      /^\d+$/.test(line) ? resolve(Number(line)) : (said += `${line}\n`),
    )
    void gone.then(() => reject(new Error(`web ended: ${said}`)))
  })
  return {
    pid: () => web.pid ?? 0,
    port,
    hasEnded: () => web.exitCode !== null || web.signalCode !== null,
    said: () => said,
    async ask(procedure, input) {
      const answer = await fetch(
        `http://127.0.0.1:${port}/api/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`,
        { headers: { authorization: `Bearer ${as.token}` } },
      )
      const body = (await answer.json()) as { result?: { data: unknown }; error?: { data?: { m3o?: unknown } } }
      if (body.error !== undefined) throw errorFromBody(body.error.data?.m3o)
      return body.result?.data
    },
    async [Symbol.asyncDispose]() {
      web.kill('SIGKILL')
      await gone
    },
  }
}
