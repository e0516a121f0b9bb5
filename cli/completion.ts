import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { completeAddresses } from './commands/places.ts'
import type { Run } from './run.ts'
import { print } from './output.ts'
import type { Session } from './session.ts'
import { nameFrom } from './status.ts'

/** Scripts for the shells ask `m3o complete WORDS…`, so that names of services and environments are completed as well. */
const scripts: Record<string, string> = {
  // Bash takes a colon for the end of a word (COMP_WORDBREAKS): what it completes begins after the last one.
  bash: `_m3o() {
  local line=\${COMP_LINE:0:COMP_POINT} words now
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  now=\${words[\${#words[@]}-1]}
  local IFS=$'\\n'
  COMPREPLY=($(m3o complete -- "\${words[@]:1}" 2>/dev/null))
  [[ $now == *:* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${now%"\${now##*:}"}"}")
}
complete -o default -F _m3o m3o`,
  zsh: `#compdef m3o\n_m3o() { compadd -- \${(f)"$(m3o complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)"} }\ncompdef _m3o m3o`,
  fish: `complete -c m3o -f -a '(m3o complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
}

const takesService = new Set([
  'status',
  'logs',
  'call',
  'rollback',
  'restart',
  'scale',
  'kill',
  'exec',
  'share',
  'pull',
])

export function addCompletionCommand(program: Command, run: Run): void {
  program
    .command('completion <shell>')
    .description('print a completion script for bash, zsh or fish')
    .action(
      run(async (_session, shell: string) => {
        const script = scripts[shell]
        if (script === undefined)
          throw new PlatformError('not_found', `completion for ${shell} is not available`, {
            fix: `Choose one of ${Object.keys(scripts).join(', ')}.`,
          })
        print(script)
      }),
    )

  program.command('complete [words...]', { hidden: true }).action(
    run(
      async (session, words: string[]) => {
        const begun = words.at(-1) ?? ''
        for (const word of await candidates(program, session, words.slice(0, -1), begun))
          if (word.startsWith(begun)) print(word)
      },
      { saysPlace: true },
    ),
  )
}

async function candidates(program: Command, session: Session, before: string[], begun: string): Promise<string[]> {
  const [first, second] = before
  const command = program.commands.find((one) => one.name() === first)
  if (command === undefined)
    return program.commands.filter((one) => !/^(complete|git-credential)/.test(one.name())).map((one) => one.name())
  if (begun.startsWith('-')) return [...command.options, ...program.options].flatMap((option) => option.long ?? [])
  if (command.commands.length > 0 && second === undefined) return command.commands.map((one) => one.name())
  const names = async () => {
    const place = await session.place()
    return (await session.api.services.list.query(place)).map((one) => nameFrom(place.team, one))
  }
  if (before.at(-1) === '--service') return names()
  if (first === 'call' && before.length === 2)
    return (await session.described(await session.service(second ?? ''))).endpoints.map((one) => one.name)
  if (
    takesService.has(first ?? '') ||
    (first === 'env' && second === 'reset') ||
    ((first === 'var' || first === 'secret' || first === 'service') && before.length === 2)
  )
    return names()
  if (before.at(-1) === '--env' || (first === 'env' && second === 'use')) return completeAddresses(session)
  if (
    first === 'env' &&
    ['protect', 'pin', 'unpin', 'delete', 'keep', 'move', 'diff', 'promote'].includes(second ?? '')
  )
    return (await session.api.environments.list.query({ team: await session.team() })).map((one) => one.name)
  if (first === 'env' && second === 'restore')
    return (await session.api.environments.departed.query({ team: await session.team() })).map((one) => one.name)
  return []
}
