import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { limitConnections } from './connections.ts'

class Connection extends EventEmitter {
  destroyed = false
  readonly remoteAddress: string

  constructor(remoteAddress: string) {
    super()
    this.remoteAddress = remoteAddress
  }

  destroy() {
    this.destroyed = true
    this.emit('close')
    return this
  }
}

test('one network does not take all connections, and those that it closes count no more', () => {
  const server = Object.assign(new EventEmitter(), { maxConnections: 0 })
  limitConnections(server as never, { total: 10, ofNetwork: 3 })
  const come = (address: string) => {
    const one = new Connection(address)
    server.emit('connection', one)
    return one
  }
  const flood = Array.from({ length: 5 }, (_, n) => come(`2001:db8:0:1::${n}`))
  expect(flood.map(({ destroyed }) => destroyed)).toEqual([false, false, false, true, true])
  expect(come('192.0.2.1').destroyed).toBe(false)
  for (let n = 0; n < 5; n++) expect(come('::ffff:127.0.0.1').destroyed).toBe(false)
  flood[0]?.destroy()
  expect([come('2001:db8:0:1::9').destroyed, come('2001:db8:0:1::a').destroyed]).toEqual([false, true])
  expect(server.maxConnections).toBe(10)
})
