import { defineConfig } from 'vitest/config'

/** Tests beside the code; e2e/ is Playwright's. Real processes and a real database, so few files at once. */
export default defineConfig({
  test: {
    include: [
      '{contract,db,runtime,gateway,server,client,components,cli,sdk,templates,services,fixtures,bin}/**/*.test.{ts,tsx}',
    ],
    globalSetup: 'e2e/database/server.ts',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
