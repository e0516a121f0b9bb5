/** Header names of the outside contract. Lower case, as Node gives them. */
export const header = {
  /** Request, at the edge: name of the environment that the caller wants. */
  environment: 'm3o-environment',
  /** Request: a platform token when `authorization` is the service's own. */
  authorization: 'm3o-authorization',
  /** Request, to a service: who calls (RFC 9651 dictionary: `person="a@b.c", id="u_1", team="demo"`, without `person` while the
   * address is not confirmed; `machine="ci", id="tk_1", team="demo"`; `service="x", team="demo"`). */
  caller: 'm3o-caller',
  /** Answer: `{service}@{revision} {environment}`. */
  servedBy: 'm3o-served-by',
  /** Micro v3's name for the team. */
  namespace: 'micro-namespace',
  /** W3C baggage; ours is the member {@link baggageKey}. */
  baggage: 'baggage',
  traceparent: 'traceparent',
  /** Hops so far, inside the platform; a call that passes {@link maxHops} is a loop (508). */
  hops: 'm3o-hops',
} as const

/** Of an answer that the console passes on (`/api/calls`): what the service said of it. */
export const answerOf = { status: 'm3o-answer-status', type: 'm3o-answer-type' } as const

/** `baggage: m3o-env=<environment id>.<generation>.<mac>` */
export const baggageKey = 'm3o-env'

export const maxHops = 24

/** Every platform token begins with this. */
export const tokenPrefix = 'm3o_'

/** Paths of an instance that only the platform may ask. */
export const platformPath = '/_m3o/'
/** Where a service built with the SDK describes its endpoints. */
export const describePath = '/_m3o/describe'

/** Headers that the gateway sets, strips or trusts, or that frame a message; those that begin with one of these, too. */
const reserved = new Set([
  'authorization',
  'baggage',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-real-ip',
])
const reservedPrefix = /^(?:m3o|micro|proxy|sec|x-forwarded)-/

/**
 * A header's name as CGI (RFC 3875 §4.1.18), WSGI, Rack and PHP see it: they lose its case and tell `-` and `_` (PHP `.`, others
 * any sign) apart no more.
 */
export const foldedName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '-')

/** Whether a service could take a header for one of those that only the gateway says, or that frame a message. */
export function isReservedName(name: string): boolean {
  const folded = foldedName(name)
  return reserved.has(folded) || reservedPrefix.test(folded)
}
