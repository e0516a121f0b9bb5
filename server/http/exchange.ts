import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Viewer, Web } from '../web.ts'
import type { Credential } from './credential.ts'
import type { Turns } from './turns.ts'

/** One request on its way through the front: who asks is looked up once, when somebody wants to know. */
export interface Exchange {
  web: Web
  request: IncomingMessage
  response: ServerResponse
  url: URL
  from: string
  /** Which identity the request has; the only one that a door may use. */
  credential: Credential
  turns: Turns
  viewer(): Promise<Viewer | undefined>
}
