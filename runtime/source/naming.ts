import path from 'node:path'
import { PlatformError } from '#contract/errors.ts'

/** A service's bare repository on disk. */
export interface Repository {
  serviceId: string
  dir: string
}

export interface Person {
  name: string
  email: string
}

const id = /^[a-z0-9][a-z0-9_-]{0,63}$/i
const branch = /^[a-z](-?[a-z0-9])*$/
/** Pushed by people, who name branches as they like; a path of the file system all the same. */
const preview = /^preview\/\w[\w.+-]*(\/\w[\w.+-]*)*$/
const oid = /^[0-9a-f]{40}$/

export function sourceFolder(home: string): string {
  return path.join(home, 'source')
}

export function repositoryAt(home: string, serviceId: string): Repository {
  return { serviceId, dir: path.join(sourceFolder(home), `${checkId(serviceId, 'serviceId')}.git`) }
}

function checkId(value: string, field: string): string {
  if (typeof value === 'string' && id.test(value)) return value
  throw new PlatformError('bad_request', `${JSON.stringify(value)} is not an id`, { field })
}

/** A hash from outside, before it becomes an argument of git. */
export function checkOid(value: string, field = 'commit'): string {
  if (typeof value === 'string' && oid.test(value)) return value
  throw new PlatformError(
    'bad_request',
    `${JSON.stringify(String(value).slice(0, 80))} is not the hash of a revision`,
    { field },
  )
}

export function branchRef(name: string): string {
  if (!(name.length <= 24 && branch.test(name)) && !isPreviewBranch(name))
    throw new PlatformError('bad_request', `${JSON.stringify(name)} is not a branch of an environment`, {
      field: 'branch',
    })
  return `refs/heads/${name}`
}

/** A branch `preview/…` that git, the file system and an address of the console can all have. */
export function isPreviewBranch(name: string): boolean {
  return name.length <= 200 && preview.test(name) && !/\.\.|\.(\/|$)|\.lock(\/|$)/.test(name)
}

/** Where the branch of an environment is kept that is gone and may come back. Hidden from git clients. */
export function parkedRef(environmentId: string): string {
  return `refs/m3o/departed/${checkId(environmentId, 'environmentId')}`
}

/** Where history waits that a folder brings, until the folder's deployment takes it up. People push to these, and see none. */
export const incomingRefs = 'refs/m3o/incoming/'
export const incomingRef = (tip: string): string => `${incomingRefs}${checkOid(tip, 'tip')}`

export function draftRef(userId: string, environment: string): string {
  return `refs/m3o/drafts/${checkId(userId, 'userId')}/${checkId(environment, 'environment')}`
}
