import threads, { MessageChannel, MessagePort } from 'node:worker_threads'
import { type CallState, storage } from '../context.ts'
import { inState } from './carry-through-undici.ts'

/** How Node hands a message to the listeners of a port (lib/internal/per_context/messageport.js). */
const dispatch = Symbol.for('nodejs.internal.kHybridDispatch')

interface Channel {
  state: CallState | undefined
}
const channels = new WeakMap<MessagePort, Channel>()

type Methods = Record<string | symbol, ((this: MessagePort, ...args: unknown[]) => unknown) | undefined>

/**
 * A port calls its listeners in the context in which its channel was made. One that was made while a call was being
 * answered is that call's, until something is posted to it from elsewhere: then it is nobody's.
 */
export function carryThroughPorts(): void {
  const prototype = MessagePort.prototype as unknown as Methods
  const [deliver, post] = [prototype[dispatch], prototype.postMessage]
  if (deliver === undefined || post === undefined) return
  prototype[dispatch] = function (...args) {
    const channel = channels.get(this)
    return channel === undefined ? deliver.apply(this, args) : inState(channel.state, () => deliver.apply(this, args))
  }
  prototype.postMessage = function (...args) {
    const channel = channels.get(this)
    if (channel !== undefined && channel.state?.headers !== storage.getStore()?.headers) channel.state = undefined
    return post.apply(this, args)
  }
  const made = new Proxy(MessageChannel, {
    construct(target, args, newTarget) {
      const state = storage.getStore()
      if (state === undefined) return Reflect.construct(target, args, newTarget) as MessageChannel
      const channel = storage.run(
        undefined as unknown as CallState,
        () => Reflect.construct(target, args, newTarget) as MessageChannel,
      )
      const ofCall: Channel = { state }
      channels.set(channel.port1, ofCall).set(channel.port2, ofCall)
      return channel
    },
  })
  threads.MessageChannel = made
  globalThis.MessageChannel = made as unknown as typeof globalThis.MessageChannel
}
