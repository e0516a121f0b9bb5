import { customType } from 'drizzle-orm/pg-core'

/** A point in time: `timestamptz` in the database, milliseconds since the epoch in the code. */
export const time = customType<{ data: number; driverData: string }>({
  dataType: () => 'timestamp(3) with time zone',
  toDriver: (ms) => new Date(ms).toISOString(),
  fromDriver: (text) => new Date(text).getTime(),
})

/** Words of a text, for searching (https://www.postgresql.org/docs/current/datatype-textsearch.html). */
export const tsvector = customType<{ data: string }>({ dataType: () => 'tsvector' })

export const bytes = customType<{ data: Uint8Array; driverData: Buffer }>({
  dataType: () => 'bytea',
  toDriver: (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  fromDriver: (data) => data,
})
