import { Command } from 'commander'
import { addDeployCommands } from './commands/deploy.ts'
import { addDevCommand } from './commands/dev.ts'
import { addEnvironmentCommands } from './commands/environments.ts'
import { addExecCommand } from './commands/exec.ts'
import { addAuditCommand } from './commands/audit.ts'
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
import { print } from './output.ts'
import type { Run } from './run.ts'

/** Every command there is. `run` wraps the work of each. */
export function createProgram(run: Run): Command {
  const program = new Command('m3o')
    .description('Build, deploy, monitor and share services.')
    .option('--url <url>', 'use this platform (M3O_URL)')
    .option('--token <token>', 'use this token (M3O_TOKEN)')
    .option('--team <team>', 'use this team')
    .option('--env <environment>', 'use this environment')
    .option('--json', 'print one JSON document')
    .version(process.env.npm_package_version ?? '0.1.0')
    // `login --token T` is login's own option; the global ones are brought to the front before parsing.
    .enablePositionalOptions()
    // What is wrong is said in the form of all errors, by who parses.
    .configureOutput({
      writeOut: (text) => print(isJsonAsked(process.argv) ? JSON.stringify({ text: text.trimEnd() }) : text.trimEnd()),
      writeErr: () => {},
      outputError: () => {},
    })
  for (const add of [
    addPeopleCommands,
    addNewCommand,
    addDeployCommands,
    addPullCommand,
    addDevCommand,
    addGitCredentialCommand,
    addServiceCommands,
    addSharingCommands,
    addLogsCommand,
    addCallCommand,
    addTraceCommand,
    addEnvironmentCommands,
    addExecCommand,
    addVariableCommands,
    addTokenCommands,
    addTeamCommands,
    addAuditCommand,
    addServerCommands,
    addCompletionCommand,
  ])
    add(program, run)
  return program
}

export function isJsonAsked(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(2, end === -1 ? undefined : end).includes('--json')
}
