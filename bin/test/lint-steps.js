import { cruisedFolders } from './steps.js'

/**
 * Warnings that are still in the code: casts without a check, and functions and files that are too long. This number only goes
 * down: lower it when you remove some (`npx oxlint` lists them).
 */
const mostWarnings = 531

/** The checks of `npm run lint`, which `npm test` runs first: a name, and the arguments of node. */
export const lintSteps = [
  ['format', ['node_modules/oxfmt/bin/oxfmt', '--check', '.']],
  ['lint', ['node_modules/oxlint/bin/oxlint', '--quiet', `--max-warnings=${mostWarnings}`]],
  ['unused code', ['node_modules/knip/bin/knip.js', '--no-config-hints']],
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.']],
  ['import direction', ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', ...cruisedFolders]],
]
