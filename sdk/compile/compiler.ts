import { stop, transform as esbuildTransform, type TransformOptions, type TransformResult } from 'esbuild'

/** esbuild works in a process of its own, of 45 MiB; it starts again within 20 ms. */
const idleMs = 60_000
let working = 0
let idle: NodeJS.Timeout | undefined

/** esbuild's `transform`; its process ends when nothing has been compiled for a minute. */
export async function transform(source: string, options: TransformOptions): Promise<TransformResult> {
  clearTimeout(idle)
  working += 1
  try {
    return await esbuildTransform(source, options)
  } finally {
    working -= 1
    if (working === 0) idle = setTimeout(() => void stop(), idleMs).unref()
  }
}
