import { type Command, CommanderError } from 'commander'
import { globalFirst } from './arguments.ts'
import { misuseOf } from './misuse.ts'
import { fail } from './output.ts'
import { createProgram, isJsonAsked } from './program.ts'
import { run } from './run.ts'

/**
 * `m3o`: does from a shell all that the console does, through the same doors. Exit 0: done; 1: failed or refused;
 * 2: misused. Each noun's commands are in `commands/`.
 */
const program = createProgram(run)

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
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? 0 : fail(misuseOf(error, misused), { json: isJsonAsked(process.argv) })
  else process.exitCode = fail(error, { json: isJsonAsked(process.argv) })
}
