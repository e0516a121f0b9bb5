import { PlatformError } from './errors.ts'

/** POSIX's shape (IEEE 1003.1 §8.1), and none that the platform gives itself. */
const shape = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
const reserved = /^(M3O_.*|PORT|HOST|HOME|PATH|NODE_OPTIONS|LD_.*)$/
export const maxVariableBytes = 64 * 1024
/** As many as are set at once. */
export const maxVariables = 200

/** Why a variable cannot be called or hold that; undefined when it can. */
export function problemOfVariable(name: string, value: string): PlatformError | undefined {
  if (!shape.test(name)) {
    return new PlatformError('invalid_name', `invalid variable name: ${JSON.stringify(name.slice(0, 200))}`, {
      field: 'name',
      fix: 'Use letters, digits and underscores, such as API_KEY.',
    })
  }
  if (reserved.test(name)) {
    return new PlatformError('invalid_name', `${name} is set by the platform`, {
      field: 'name',
      fix: 'Choose another name: not PORT, HOST, HOME, PATH or NODE_OPTIONS, and not one that begins with M3O_.',
    })
  }
  if (new TextEncoder().encode(value).length > maxVariableBytes) {
    return new PlatformError('too_large', `the value of ${name} is larger than 64 KiB`, {
      field: 'value',
      fix: 'Store large data in a file or a service.',
    })
  }
  if (value.includes('\0'))
    return new PlatformError('bad_request', `the value of ${name} contains a NUL character`, {
      field: 'value',
      fix: 'Encode binary values, for example as base64.',
    })
  return undefined
}
