import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { PlatformError } from '#contract/errors.ts'
import { answerBare } from './framing.ts'

test('the last answer of a connection whose caller has gone harms nobody', async () => {
  const server = createServer({ pauseOnConnect: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  client.resetAndDestroy()
  await once(client, 'close')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  answerBare(socket, 405, new PlatformError('method_not_allowed', 'CONNECT is not supported'))
  expect(await closed).toBe(true)
  server.close()
})
