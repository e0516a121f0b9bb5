import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Viewer, Web } from '../web.ts'

/** One request on its way through the front: who asks is looked up once, when somebody wants to know. */
export interface Exchange {
  web: Web
  request: IncomingMessage
  response: ServerResponse
  url: URL
  from: string
  viewer(): Promise<Viewer | undefined>
}
