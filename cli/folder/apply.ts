import { note } from '../output.ts'
import { PlatformError } from '#contract/errors.ts'
import type { Session } from '../session.ts'
import { readFolderSettings, readFolderVariables, variablesFile } from './beside.ts'

type At = { team: string; environment: string; service: string }

/**
 * Sets, in the environment that is deployed to, the variables, secrets and settings that lie beside the source. What the
 * environment has besides stays. Values that are the same already are left as they are, of variables; of a secret nobody can tell.
 */
export async function applyBeside(session: Session, folder: string, at: At): Promise<void> {
  const [given, settings] = [await readFolderVariables(folder), await readFolderSettings(folder)]
  if (given.length === 0 && Object.keys(settings).length === 0) {
    throw new PlatformError('not_found', `${folder} has no variables or settings of its own`, {
      fix: `Fetch them with m3o pull, or write ${variablesFile}.`,
    })
  }
  const there = await session.api.variables.list.query(at)
  const changed = given.filter(
    ({ name, value, secret }) =>
      !there.some((one) => one.state === 'set' && one.name === name && !secret && !one.secret && one.value === value),
  )
  if (changed.length > 0) await session.api.variables.setAll.mutate({ ...at, variables: changed })
  if (Object.keys(settings).length > 0) await session.api.services.configure.mutate({ ...at, settings })
  const names = changed.map(({ name }) => name)
  note(
    session,
    `Set in ${at.environment}: ${names.length === 0 ? 'no variable, as none differs' : names.join(', ')}${Object.keys(settings).length === 0 ? '' : '; and its settings'}`,
  )
}
