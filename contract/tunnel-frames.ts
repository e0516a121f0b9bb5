/**
 * Many byte streams over one connection that carries whole messages, such as a websocket: what `m3o dev` and web talk.
 * Either side opens streams; each is held back by its own reader alone, as what may be under way unread is limited, and
 * all of them together by what the connection takes. A message is one frame: a byte of kind, four of the stream's id
 * (big-endian), the payload.
 */
export const tunnelFrame = {
  /** A stream begins; where it leads, as text. Ids of the side that listened are even, the other's odd; each is used once. */
  open: 1,
  /** What the stream leads to is there: a byte that was sent before may have reached it, none may have before this. */
  accept: 2,
  data: 3,
  /** So many more bytes may be sent: four bytes, big-endian. */
  credit: 4,
  /** Nothing more comes this way; the other way goes on. */
  end: 5,
  /** Over both ways, and not properly. */
  reset: 6,
  /** JSON, of no stream (id 0). */
  message: 7,
} as const

/** Bytes that may be under way unread in one direction of one stream. */
export const windowBytes = 256 << 10
/** A longer frame would keep the others waiting. */
export const maxFrameData = 32 << 10
export const maxMessage = 1 << 20
export const headBytes = 5
/** What was handed to the connection and has not left it; beyond, streams take turns. */
export const maxUnderWay = 256 << 10
/** That one side opened. More are reset. */
export const maxStreams = 1024
/** What arrived on all streams and was not read yet; a stream that would exceed it is reset. */
export const maxUnread = 8 << 20
/** What was handed to the connection and has not left it, control frames too: beyond, the peer does not read, and the connection is closed. */
export const maxUnsent = 4 << 20
/** What a frame costs in memory besides its bytes. */
export const frameCost = 512
/** No message of a correct peer is larger. */
export const maxTunnelMessage = headBytes + maxMessage

/** The peer does not keep to the rules: the connection is to be closed. */
export class TunnelFault extends Error {}
