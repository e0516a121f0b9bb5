import { Misuse } from './misuse.ts'

const globalValues = ['--url', '--token', '--team', '--env']

/**
 * Global options may stand anywhere before `--`; commander wants them in front. The command line of `m3o exec SERVICE …`
 * is somebody else's: from its first word on nothing is an option of ours, as with `docker exec` and `ssh`.
 *
 * @param argv as in `process.argv`: the program and the script come first
 * @throws Misuse when a global option has no value
 */
export function globalFirst(argv: readonly string[]): string[] {
  const [node = '', script = '', ...given] = argv
  const end = given.indexOf('--') === -1 ? given.length : given.indexOf('--')
  const front: string[] = []
  const rest: string[] = []
  for (let at = 0; at < end; at++) {
    const word = given[at] ?? ''
    const [name = ''] = word.split('=')
    if (word === '--json') front.push(word)
    else if (globalValues.includes(name) && !(name === '--token' && rest[0] === 'login'))
      front.push(word, ...(word.includes('=') ? [] : [valueOf(word, given[++at])]))
    else if (beginsCommandLine(rest, word)) return [node, script, ...front, ...rest, '--', ...given.slice(at)]
    else rest.push(word)
  }
  return [node, script, ...front, ...rest, ...given.slice(end)]
}

/** Whether everything from this word on belongs to the program that `m3o exec` runs. */
function beginsCommandLine([command, ...before]: readonly string[], word: string): boolean {
  if (command !== 'exec' || word.startsWith('-')) return false
  // `--instance ID` is the one option of exec that takes a value.
  const operands = before.filter((each, at) => !each.startsWith('-') && before[at - 1] !== '--instance')
  return operands.length > 0 && before.at(-1) !== '--instance'
}

function valueOf(option: string, value: string | undefined): string {
  if (value === undefined || value.startsWith('--'))
    throw new Misuse(
      `${option} needs a value`,
      `Such as ${option} ${option === '--url' ? 'http://127.0.0.1:4000' : 'NAME'}.`,
    )
  return value
}
