import type { Command, CommanderError } from 'commander'
import { PlatformError } from '#contract/errors.ts'

/** Said so that it cannot be understood: exit code 2. */
export class Misuse extends PlatformError {
  constructor(message: string, fix: string) {
    super('bad_request', message, { fix })
  }
}

/** What the parser did not understand of a command, in the form of all errors. */
export function misuseOf(error: CommanderError, command: Command): Misuse {
  const name = fullName(command)
  if (error.code === 'commander.help') {
    const commands = command.commands
      .map((one) => one.name())
      .filter((one) => !/^(complet|git-credential|run$)/.test(one))
    return new Misuse(`${name} needs a subcommand`, `Choose one of ${commands.join(', ')}. See ${name} --help.`)
  }
  const [what = '', ...hints] = error.message.replace(/^error: /, '').split('\n')
  return new Misuse(what, [...hints.map((hint) => hint.replace(/^\((.*)\)$/, '$1')), `See ${name} --help.`].join(' '))
}

const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`

/** @throws Misuse naming what is allowed */
export function oneOf<T extends string>(what: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === given)
  if (found === undefined) throw new Misuse(`there is no ${what} ${given}`, `Choose one of ${allowed.join(', ')}.`)
  return found
}
