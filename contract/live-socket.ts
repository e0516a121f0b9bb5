/** What both ends of the live socket (contract/live.ts) know without its schemas, which a page need not load. */
export const livePath = '/live'

/** Most bytes of one `write`. */
export const maxWrite = 256 << 10
