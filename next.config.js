/** Plain JavaScript: Next need not load a TypeScript compiler for it at each start. */
/** @type {import('next').NextConfig} */
const config = {
  // A build goes to a folder of its own, which then takes the place of the one before (bin/prepare).
  distDir: process.env.M3O_BUILD_FOLDER ?? '.next',
  poweredByHeader: false,
  reactStrictMode: true,
  typedRoutes: false,
  // One place decides about types: `tsc -p .`, run by the tests.
  typescript: { ignoreBuildErrors: true },
  // Everything that Next need not do: images are icons, pages are made for each person.
  images: { unoptimized: true },
  devIndicators: false,
  experimental: {
    optimizePackageImports: ['lucide-react', 'radix-ui'],
  },
}

export default config
