import { readFile } from 'node:fs/promises'
import { endpoint, service } from '@m3o/sdk'
import { z } from 'zod'

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css',
  js: 'text/javascript',
  svg: 'image/svg+xml',
}

export default service(
  {
    Roll: endpoint({
      description: 'Rolls a die.',
      request: z.object({ sides: z.number().int().min(2).max(1000).default(6) }),
      response: z.object({ value: z.number() }),
      run: ({ sides }) => ({ value: 1 + Math.floor(Math.random() * sides) }),
    }),
  },
  {
    // What is no endpoint is a file of public/. Names are plain, so none leads out of it.
    http: async (request, response) => {
      const name = new URL(request.url ?? '/', 'http://site').pathname.slice(1) || 'index.html'
      const type = types[name.split('.').at(-1) ?? '']
      const content =
        type && /^[\w-]+\.\w+$/.test(name) ? await readFile(`public/${name}`).catch(() => undefined) : undefined
      if (!content) return response.writeHead(404).end('Not found')
      response.writeHead(200, { 'content-type': type, 'content-length': content.length }).end(content)
    },
  },
)
