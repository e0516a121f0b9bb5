import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Plain JavaScript: Next need not load a TypeScript compiler for it at each start. */
/** @type {import('next').NextConfig} */
const config = {
  // A build goes to a folder of its own, which then takes the place of the one before (bin/prepare).
  distDir: process.env.M3O_BUILD_FOLDER ?? '.next',
  poweredByHeader: false,
  reactStrictMode: true,
  typedRoutes: false,
  // One place decides about types: `tsc -p .`, run by the tests.
  // Next rewrites the configuration that it is given, with the build folder's name in it: it gets one of its own.
  typescript: { ignoreBuildErrors: true, tsconfigPath: '.cache/next-tsconfig.json' },
  // Everything that Next need not do: images are icons, pages are made for each person.
  images: { unoptimized: true },
  devIndicators: false,
  experimental: {
    optimizePackageImports: ['lucide-react', 'radix-ui'],
  },
}

const types = join(import.meta.dirname, config.typescript.tsconfigPath)
if (!existsSync(types)) {
  mkdirSync(dirname(types), { recursive: true })
  writeFileSync(types, '{ "extends": "../tsconfig.json", "include": ["../app"] }\n')
}

export default config
