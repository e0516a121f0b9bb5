/** Services that tests deploy, as files. */
type Files = Record<string, string>

/** The default template's, with what it says. */
export const hello = (greeting = 'Hello'): Files => ({
  'index.ts': `import { service, endpoint } from '@m3o/sdk'
import { z } from 'zod'

export default service({
  Hello: endpoint({
    request: z.object({ name: z.string() }),
    response: z.object({ message: z.string() }),
    run: async ({ name }) => ({ message: \`${greeting} \${name}\` }),
  }),
})
`,
})

/** Answers with its variable `WORD`, its environment and its caller; every call is a line of its log. */
export const reporter: Files = {
  'index.js': `const { createServer } = require('node:http')
const { env } = process
createServer((request, response) => {
  console.log(\`asked for \${request.url}\`)
  response.end(JSON.stringify({ word: env.WORD ?? null, environment: env.M3O_ENVIRONMENT, caller: request.headers['m3o-caller'] ?? null, authorization: request.headers.authorization ?? null }))
}).listen(env.PORT, env.HOST)
`,
}

/** Numbers its lines, \`everyMs\` apart, for as long as it runs. */
export const counter = (everyMs: number): Files => ({
  'index.js': `require('node:http').createServer((request, response) => response.end('ok')).listen(process.env.PORT, process.env.HOST)
let n = 0
setInterval(() => console.log('line ' + ++n), ${everyMs})
`,
})

/** Says why, and ends, before it listens. */
export const crashesAtBoot: Files = {
  'index.js': `console.error('reading the settings')\nthrow new Error('no such bucket: invoices')\n`,
}

export const answering = (text: string): Files => ({
  'index.js': `require('node:http').createServer((request, response) => response.end(${JSON.stringify(text)})).listen(process.env.PORT, process.env.HOST)\n`,
})
