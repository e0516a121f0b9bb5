import { realpathSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Service } from '../service.ts'

const mark = Symbol.for('m3o.service')

/** Once the SDK made a service: waits for the started module, and serves the service that it exports. */
export function serveExported(main: string): void {
  let armed = false
  const started = (): void => {
    if (armed) return
    armed = true
    // The module that is running now has to finish first; importing it again waits for that, and runs nothing twice.
    setImmediate(() => void begin(main))
  }
  Object.defineProperty(globalThis, Symbol.for('m3o.started'), { value: started })
}

async function begin(main: string): Promise<void> {
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(realpathSync(fileURLToPath(main))).href)) as Record<string, unknown>
  } catch {
    return // Node tells of it: it is the failure of the started module itself.
  }
  const service = [module.default, (module.default as Record<string, unknown> | undefined)?.default].find(isService)
  if (!service) {
    // A program that serves by itself may use the SDK's pieces.
    console.error('A service was created but not exported. To serve it, write: export default service({ … })')
    return
  }
  try {
    const { close } = await service.listen()
    let stopping = false
    process.on('SIGTERM', () => {
      if (stopping) return
      stopping = true
      close().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error('The service did not stop cleanly:', error)
          process.exit(1)
        },
      )
    })
  } catch (error) {
    console.error('The service could not start:', error)
    process.exit(1)
  }
}

function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && mark in value
}
