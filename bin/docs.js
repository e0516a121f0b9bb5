import { writeFileSync } from 'node:fs'
import { permissionsPage } from '../contract/permissions-page.ts'

/** `npm run docs`: the pages that are made from the code. */
writeFileSync(new URL('../docs/permissions.md', import.meta.url), permissionsPage())
