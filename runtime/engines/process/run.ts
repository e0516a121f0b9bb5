import { spawn } from './spawn.ts'

export interface RunOptions {
  input?: string
  /** Otherwise a failing command throws. */
  mayFail?: boolean
}

/** For tools that run as root on the machine: nothing of ours, and nothing that a service could set. */
export const toolEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
} as Partial<NodeJS.ProcessEnv> as NodeJS.ProcessEnv // Next's types ask for NODE_ENV everywhere

/** Runs one of the machine's own tools to its end, with none of our environment. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: toolEnvironment,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdin.on('error', () => {}) // it need not read what it is given
    child.stdin.end(options.input)
    child.on('error', (error) => (options.mayFail ? resolve({ code: 127, stdout }) : reject(error)))
    child.on('close', (code) => {
      if (code === 0 || options.mayFail) resolve({ code: code ?? 255, stdout })
      else reject(new Error(`${command} ${args.join(' ')} failed (${code}): ${stderr.trim()}`))
    })
  })
}
