import { spawn as nodeSpawn } from 'node:child_process'

/**
 * Node's own, except where no descriptor is left for its pipes: then node gives a child that has no streams, and an error
 * that ends this process unless somebody listens before it is known. Here it is thrown.
 * @throws Error `EMFILE`
 */
export const spawn: typeof nodeSpawn = ((...given: Parameters<typeof nodeSpawn>) => {
  const child = nodeSpawn(...given)
  if (child.pid !== undefined || (child.stdin as unknown) !== undefined) return child
  child.on('error', () => {})
  throw Object.assign(new Error(`too many open files: ${String(given[0])} cannot be started`), { code: 'EMFILE' })
}) as typeof nodeSpawn
