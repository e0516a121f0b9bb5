import { Command, CommanderError } from 'commander'
import { addDeployCommands } from './commands/deploy.ts'
import { addDevCommand } from './commands/dev.ts'
import { addEnvironmentCommands } from './commands/environments.ts'
import { addExecCommand } from './commands/exec.ts'
import { addCallCommand } from './commands/call.ts'
import { addGitCredentialCommand } from './commands/git-credential.ts'
import { addLogsCommand } from './commands/logs.ts'
import { addNewCommand } from './commands/new.ts'
import { addPeopleCommands } from './commands/people.ts'
import { addPullCommand } from './commands/pull.ts'
import { addServerCommands } from './commands/server.ts'
import { addServiceCommands } from './commands/services.ts'
import { addSharingCommands } from './commands/sharing.ts'
import { addTeamCommands } from './commands/teams.ts'
import { addTokenCommands } from './commands/tokens.ts'
import { addTraceCommand } from './commands/trace.ts'
import { addVariableCommands } from './commands/variables.ts'
import { addCompletionCommand } from './completion.ts'
import { Misuse, misuseOf } from './misuse.ts'
import { fail, print } from './output.ts'
import { run } from './run.ts'

/**
 * `m3o`: does from a shell all that the console does, through the same doors. Exit 0: done; 1: failed or refused;
 * 2: misused. Each noun's commands are in `commands/`.
 */
const program = new Command('m3o')
  .description('Build, deploy, watch and share services.')
  .option('--url <url>', 'the platform (M3O_URL)')
  .option('--token <token>', 'act by this token (M3O_TOKEN)')
  .option('--team <team>', 'in this team')
  .option('--env <environment>', 'in this environment')
  .option('--json', 'one JSON document on standard output')
  .version(process.env.npm_package_version ?? '0.1.0')
  // `login --token T` is login's own option; the global ones are brought to the front by globalFirst.
  .enablePositionalOptions()
  // What is wrong is said below, in the form of all errors.
  .configureOutput({ writeOut: (text) => print(isJsonAsked(process.argv) ? JSON.stringify({ text: text.trimEnd() }) : text.trimEnd()), writeErr: () => {}, outputError: () => {} })

for (const add of [
  addPeopleCommands, addNewCommand, addDeployCommands, addPullCommand, addDevCommand, addGitCredentialCommand, addServiceCommands, addSharingCommands, addLogsCommand, addCallCommand, addTraceCommand, addEnvironmentCommands, addExecCommand,
  addVariableCommands, addTokenCommands, addTeamCommands, addServerCommands, addCompletionCommand,
]) add(program, run)

let misused = program

/** Of every command, to say which one was misused. */
function settle(command: Command): void {
  command.exitOverride((error) => {
    misused = command
    throw error
  })
  command.commands.forEach(settle)
}
settle(program)

// A reader that went away (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

try {
  await program.parseAsync(globalFirst(process.argv))
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : fail(misuseOf(error, misused), { json: isJsonAsked(process.argv) })
  else process.exitCode = fail(error, { json: isJsonAsked(process.argv) })
}

/** Global options may stand anywhere before `--`; commander wants them in front. */
function globalFirst(argv: readonly string[]): string[] {
  const [node = '', script = '', ...given] = argv
  const end = given.indexOf('--') === -1 ? given.length : given.indexOf('--')
  const front: string[] = []
  const rest: string[] = []
  for (let at = 0; at < end; at++) {
    const word = given[at] ?? ''
    const [name = ''] = word.split('=')
    if (word === '--json') front.push(word)
    else if (['--url', '--token', '--team', '--env'].includes(name) && !(name === '--token' && rest[0] === 'login')) front.push(word, ...(word.includes('=') ? [] : [valueOf(word, given[++at])]))
    else rest.push(word)
  }
  return [node, script, ...front, ...rest, ...given.slice(end)]
}

function valueOf(option: string, value: string | undefined): string {
  if (value === undefined || value.startsWith('--')) throw new Misuse(`${option} needs a value`, `Such as ${option} ${option === '--url' ? 'http://127.0.0.1:4000' : 'NAME'}.`)
  return value
}

function isJsonAsked(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(2, end === -1 ? undefined : end).includes('--json')
}
