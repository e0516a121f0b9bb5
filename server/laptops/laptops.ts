import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { errorStatus, type ErrorBody, PlatformError } from '#contract/errors.ts'
import { laptopFolder } from '#contract/laptop-sockets.ts'
import { laptopPath, laptopQuery } from '#contract/laptops.ts'
import { maxTunnelMessage } from '#contract/tunnel-frames.ts'
import { isAccessLost } from '../access-lost.ts'
import { authorize, may, type Names, signedIn } from '../authorize.ts'
import { addressOf } from '../http/address.ts'
import { bodyOfFailure } from '../http/answer.ts'
import { readQuery } from '../http/query.ts'
import { viewer } from '../people/viewer.ts'
import type { Viewer, Web } from '../web.ts'
import { LaptopConnection } from './connection.ts'

/** How often it is looked at again who may, besides when something says that it changed. */
const recheckMs = 15_000
const settleMs = 50

/** Of one person: each holds a tunnel, whose buffers are this process's. */
const mostOfPerson = 8

interface Allowed {
  personId: string
  names: Names & { environment: string; service: string }
  secrets: boolean
  renew: () => Promise<Viewer>
}

/** The websockets of `m3o dev` (contract/laptops.ts). Upgrades are handed in. */
export function createLaptops(web: Web) {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: maxTunnelMessage,
  })
  const open = new Map<LaptopConnection, Allowed>()
  sweep(join(web.settings.home, laptopFolder))
  let sooner: NodeJS.Timeout | undefined

  /** The same as for deploying there; a browser's cookie is not looked at. */
  async function connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const from = addressOf(request, web.settings)
    const renew = async () => signedIn(await viewer(web, { authorization: request.headers.authorization }, from))
    const who = await renew()
    const { instance, force, ...names } = readQuery(new URL(request.url ?? '', web.settings.url), laptopQuery)
    const at = await authorize(web, who, 'service.deploy', names)
    if ([...open.values()].filter(({ personId }) => personId === who.person.id).length >= mostOfPerson)
      throw new PlatformError('rate_limited', `a person can connect at most ${mostOfPerson} laptops at once`, {
        fix: 'Stop m3o dev on one of them.',
      })
    const [variables, secrets] = await Promise.all([
      may(web, who, 'variable.read', names),
      may(web, who, 'secret.read', names),
    ])
    const hold = await web.runtime.duplex(
      'laptops.hold',
      {
        serviceId: at.serviceId,
        environmentId: at.environmentId,
        userId: who.person.id,
        instance: instance ?? null,
        force,
        may: { variables, secrets },
      },
      { actor: { ...who.actor, from } },
    )
    let upgraded = false
    server.handleUpgrade(request, socket, head, (websocket) => {
      upgraded = true
      const connection = new LaptopConnection(web, websocket, hold)
      open.set(connection, { personId: who.person.id, names, secrets, renew })
      websocket.once('close', () => open.delete(connection))
    })
    // It has gone meanwhile, or is no websocket: nobody else would let go of the place.
    if (!upgraded) hold.destroy()
  }

  /** Who may not any more lets go: of the place, or of secrets that the process has. */
  async function recheck(
    connection: LaptopConnection,
    { names, secrets, renew }: Omit<Allowed, 'personId'>,
  ): Promise<void> {
    try {
      const who = await renew()
      await authorize(web, who, 'service.deploy', names)
      if (secrets) await authorize(web, who, 'secret.read', names)
    } catch (error) {
      if (isAccessLost(error)) connection.refuse(error)
    }
  }

  const recheckAll = () => open.forEach((allowed, connection) => void recheck(connection, allowed))
  const timer = setInterval(recheckAll, recheckMs).unref()

  return {
    /** False when the path is not theirs. The Origin has been checked. */
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
      if (request.url?.split('?', 1)[0] !== laptopPath) return false
      connect(request, socket, head).catch((error: unknown) => refuse(socket, bodyOfFailure(web, error, 'laptop')))
      return true
    },
    /** Roles, tokens or protections may be others now. */
    recheck(): void {
      if (open.size === 0) return
      sooner ??= setTimeout(() => {
        sooner = undefined
        recheckAll()
      }, settleMs)
    },
    close(): void {
      clearInterval(timer)
      clearTimeout(sooner)
      for (const connection of open.keys()) connection.close()
    },
  }
}

function refuse(socket: Duplex, body: ErrorBody): void {
  const text = JSON.stringify(body)
  socket.end(
    `HTTP/1.1 ${errorStatus[body.code]} Refused\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}

/** Sockets of a web process that was killed lead nowhere. */
function sweep(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(folder)) if (name.includes('.sock')) rmSync(join(folder, name), { force: true })
}
