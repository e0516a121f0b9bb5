/** `npx drizzle-kit generate --name what_changed` writes the next migration from db/schema.ts. */
export default { dialect: 'postgresql', schema: './db/schema.ts', out: './db/migrations', casing: 'snake_case' }
