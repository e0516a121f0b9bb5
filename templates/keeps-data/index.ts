import { DatabaseSync } from 'node:sqlite'
import { ServiceError, endpoint, service } from '@m3o/sdk'
import { z } from 'zod'

// M3O_DATA is a folder that outlives deployments and restarts. Each environment has its own.
const db = new DatabaseSync(`${process.env.M3O_DATA ?? '.'}/notes.db`)
db.exec('create table if not exists notes (id integer primary key, text text not null, at integer not null)')

const note = z.object({ id: z.number(), text: z.string(), at: z.number() })
type Note = z.infer<typeof note>

export default service(
  {
    Add: endpoint({
      description: 'Keeps a note.',
      request: z.object({ text: z.string().min(1).max(1000) }),
      response: note,
      run: ({ text }) =>
        db.prepare('insert into notes (text, at) values (?, ?) returning *').get(text, Date.now()) as unknown as Note,
    }),

    List: endpoint({
      description: 'The newest notes first.',
      request: z.object({ limit: z.number().int().min(1).max(100).default(20) }),
      response: z.object({ notes: z.array(note) }),
      run: ({ limit }) => ({
        notes: db.prepare('select * from notes order by id desc limit ?').all(limit) as unknown as Note[],
      }),
    }),

    Delete: endpoint({
      description: 'Forgets a note.',
      request: z.object({ id: z.number().int() }),
      response: z.object({}),
      run: ({ id }) => {
        const { changes } = db.prepare('delete from notes where id = ?').run(id)
        if (changes === 0) throw new ServiceError(404, `there is no note ${id}`)
        return {}
      },
    }),
  },
  { stop: () => db.close() },
)
