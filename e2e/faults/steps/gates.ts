import type { ConnectionOptions } from '#db/open.ts'
import { connect } from '#db/open.ts'
import { until } from '../../stack/until.ts'

/** Any number that nothing else locks. */
const lock = 4711

/** Where steps of one scenario are seen: what is recorded of an environment, and of the service's revisions. */
export interface Subject {
  scope: string
  environmentIds: readonly string[]
  serviceId: string | null
}

/**
 * What the runtime records, seen by the database: each row that it writes is a step with a name. A gate holds the runtime at
 * one step, recorded but not committed, until it is opened or the runtime is gone.
 */
export async function openGates(database: ConnectionOptions) {
  const sql = connect(database, 2)
  const holder = connect(database, 1, { idleMs: 0 })
  await sql`${sql.raw(`
    create table subjects (scope text, environment_id text, service_id text);
    create table gates (scope text, step text, number int);
    create table steps (at bigserial, scope text, step text);
    create function note_step() returns trigger language plpgsql as $$
    declare
      is_row jsonb := to_jsonb(coalesce(new, old));
      environment text := coalesce(is_row ->> 'environment_id', is_row ->> 'into_id', case when tg_table_name = 'environments' then is_row ->> 'id' end);
      subject record;
      name text := concat_ws(' ', tg_table_name, coalesce(is_row ->> 'state', is_row ->> 'wanted'),
        case when tg_op = 'DELETE' then 'gone' end,
        case when tg_table_name = 'deployments' and is_row ->> 'state' = 'building' and is_row ->> 'variables' is not null then 'built' end,
        case when tg_table_name = 'services' and is_row ->> 'deleted_at' is not null then 'deleted' end,
        case when tg_table_name = 'promotions' and is_row ->> 'ended_at' is not null then 'ended' end);
      gate record;
    begin
      for subject in select distinct scope from subjects where environment_id = environment
        or service_id = case tg_table_name when 'revisions' then is_row ->> 'service_id' when 'services' then is_row ->> 'id' end loop
        insert into steps (scope, step) values (subject.scope, name);
        for gate in select number from gates where gates.scope = subject.scope and gates.step = name loop
          perform pg_advisory_xact_lock_shared(${lock}, gate.number);
        end loop;
      end loop;
      return coalesce(new, old);
    end $$`)}`
  for (const table of [
    'deployments',
    'instances',
    'releases',
    'environments',
    'revisions',
    'promotions',
    'settings',
    'services',
  ]) {
    await sql`create trigger note_step after insert or update or delete on ${sql(table)} for each row execute function note_step()`
  }

  const waiting = () =>
    sql<
      { number: number; pid: number }[]
    >`select objid::int as number, pid from pg_locks where locktype = 'advisory' and classid = ${lock} and not granted`
  return {
    async watch({ scope, environmentIds, serviceId }: Subject): Promise<void> {
      await sql`delete from subjects where scope = ${scope}`
      for (const environmentId of environmentIds)
        await sql`insert into subjects values (${scope}, ${environmentId}, ${serviceId})`
    },
    /** Names of the steps that were committed, in order, each once. */
    async steps(scope: string): Promise<string[]> {
      const rows = await sql<
        { step: string }[]
      >`select step from steps where scope = ${scope} group by step order by min(at)`
      return rows.map(({ step }) => step)
    },
    async forget(): Promise<void> {
      await sql`delete from steps`
    },
    /** From now on each scope is held at its step. */
    async close(steps: ReadonlyMap<string, string>): Promise<void> {
      for (const [number, [scope, step]] of [...steps].entries()) {
        await holder`select pg_advisory_lock(${lock}, ${number})`
        await sql`insert into gates values (${scope}, ${step}, ${number})`
      }
    },
    /** How many of them have come to their step, once all have or the time is over. */
    async reached(count: number, withinMs: number): Promise<number[]> {
      let numbers: number[] = []
      const all = async () => {
        numbers = [...new Set((await waiting()).map(({ number }) => number))]
        return numbers.length === count
      }
      await until('every scenario is at its step', all, { withinMs, everyMs: 5 }).catch(() => {})
      return numbers
    },
    /** Lets go: what was held is committed. */
    async open(): Promise<void> {
      await sql`delete from gates`
      await holder`select pg_advisory_unlock_all()`
    },
    /** What is held is undone, as its process is gone: the server itself would hear of that only at the next answer. */
    async undo(): Promise<void> {
      await sql`delete from gates`
      for (let held = await waiting(); held.length > 0; held = await waiting())
        for (const { pid } of held) await sql`select pg_terminate_backend(${pid})`
      await holder`select pg_advisory_unlock_all()`
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([holder.end({ timeout: 2 }), sql.end({ timeout: 2 })])
    },
  }
}

export type Gates = Awaited<ReturnType<typeof openGates>>
