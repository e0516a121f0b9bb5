/** A program that answers `POST /x`, as source that differs by its answer. */
export interface App {
  /** Also its service's. */
  name: string
  path: string
  source: (answer: string) => string
  /** Beside the source. */
  files: Record<string, string>
  /** The same as a program of plain Node, which listens on PORT. */
  plain: (answer: string) => string
}

const text = (name: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ name, version: '1.0.0', type: 'module', ...more })

export const hello: App = {
  name: 'hello',
  path: 'index.ts',
  files: { 'package.json': text('hello') },
  source: (answer) => `import { service, endpoint } from '@m3o/sdk'
import { z } from 'zod'

export default service({
  x: endpoint({ request: z.object({}), response: z.object({ answer: z.string() }), run: async () => ({ answer: '${answer}' }) }),
})
`,
  plain: (answer) => `import { createServer } from 'node:http'
import { z } from 'zod'

const Asked = z.object({})
createServer(async (request, response) => {
  Asked.parse(JSON.parse((await Array.fromAsync(request)).join('') || '{}'))
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ answer: '${answer}' }))
}).listen(process.env.PORT, process.env.HOST || '127.0.0.1')
`,
}

const withExpress = (answer: string) => `import express from 'express'
import pino from 'pino'
import { z } from 'zod'

const log = pino()
const Asked = z.object({ name: z.string().default('world') })
const app = express()
app.use(express.json())
app.all('/x', (request, response) => {
  const { name } = Asked.parse(request.body)
  response.json({ answer: '${answer}', name })
})
app.listen(process.env.PORT, process.env.HOST || '127.0.0.1', () => log.info('it listens'))
`

export const express: App = {
  name: 'express',
  path: 'index.js',
  files: {
    'package.json': text('express-app', {
      main: 'index.js',
      dependencies: { express: '5.3.0', pino: '10.4.0', zod: '4.6.7' },
    }),
  },
  source: withExpress,
  plain: withExpress,
}
