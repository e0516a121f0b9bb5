import { DatabaseSync } from 'node:sqlite'
import { endpoint, service } from '@m3o/sdk'
import { z } from 'zod'

// A folder that outlives deployments: whatever is written here is there after the next one.
const db = new DatabaseSync(`${process.env.M3O_DATA ?? '.'}/guestbook.db`)
db.exec(`
  pragma journal_mode = wal;
  create table if not exists entries (
    id integer primary key,
    name text not null,
    message text not null,
    at integer not null
  )
`)

const entry = z.object({ id: z.number(), name: z.string(), message: z.string(), at: z.number() })
type Entry = z.infer<typeof entry>

const sign = db.prepare('insert into entries (name, message, at) values (?, ?, ?) returning *')
const visits = db.prepare('select count(*) as visits from entries where name = ?')
const after = db.prepare('select * from entries where id > ? order by id limit ?')
const newest = db.prepare('select * from (select * from entries order by id desc limit ?) order by id')

export default service(
  {
    Sign: endpoint({
      description: 'Writes an entry, and says how many its author has written.',
      request: z.object({ name: z.string().trim().min(1).max(80), message: z.string().trim().min(1).max(500) }),
      response: z.object({ entry, visits: z.number() }),
      run: ({ name, message }) => {
        const written = sign.get(name, message, Date.now()) as unknown as Entry
        console.log(JSON.stringify({ level: 'info', msg: 'signed', name, id: written.id }))
        return { entry: written, visits: visits.get(name)?.visits as number }
      },
    }),

    Read: endpoint({
      description: 'Entries, oldest first: those after an id, or else the newest.',
      request: z.object({
        after: z.number().int().min(0).optional(),
        limit: z.number().int().min(1).max(100).default(20),
      }),
      response: z.object({ entries: z.array(entry) }),
      run: ({ after: id, limit }) => ({
        entries: (id === undefined ? newest.all(limit) : after.all(id, limit)) as unknown as Entry[],
      }),
    }),
  },
  { stop: () => db.close() },
)
