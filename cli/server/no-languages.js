// In the place of zod's, see quick-imports.js.
export {}
