import type { Command } from 'commander'
import colors from 'picocolors'
import type { Consumer, Dependant } from '#contract/sharing.ts'
import { wholeNumber } from '../input.ts'
import { Misuse } from '../misuse.ts'
import { ago, note, plain, show, table } from '../output.ts'
import type { Run } from '../run.ts'
import type { Session } from '../session.ts'

/** What teams do with one another's services; `share` is with the other commands of services. */
export function addSharingCommands(program: Command, run: Run): void {
  program
    .command('fork <service> [name]')
    .description("another team's @team/service becomes one of your team, with its history")
    .action(
      run(async (session, from: string, name: string | undefined) => {
        const team = await session.team()
        const forked = await session.api.shared.fork.mutate({
          team,
          name: asShared(from),
          as: name ?? from.split('/').at(-1) ?? from,
        })
        show(
          session,
          { service: forked.name, team, from, revision: forked.commit.slice(0, 7) },
          `Forked ${plain(from)} at ${forked.commit.slice(0, 7)} into ${forked.name}. Next: m3o pull ${forked.name}`,
        )
      }),
    )

  program
    .command('deprecate <service>')
    .description('tell those who use it to look for another')
    .option('-m, --message <message>', 'why, and what to do')
    .option('--sunset <date>', 'when it stops: 2027-01-31')
    .option('--replacement <service>', 'what to use instead')
    .option('--undo', 'it is not deprecated any more')
    .action(
      run(
        async (
          session,
          service: string,
          {
            message,
            sunset,
            replacement,
            undo,
          }: { message?: string; sunset?: string; replacement?: string; undo?: boolean },
        ) => {
          if ((message === undefined) === (undo === undefined))
            throw new Misuse('say why, or that it is not any more', 'Give -m MESSAGE, or --undo.')
          const at = sunset === undefined ? null : Date.parse(sunset)
          if (Number.isNaN(at)) throw new Misuse(`${sunset} is no date`, 'Such as 2027-01-31.')
          const deprecation = message === undefined ? null : { message, sunset: at, replacement: replacement ?? null }
          const team = await session.team()
          await session.api.services.deprecate.mutate({ team, service, deprecation })
          show(
            session,
            { service, deprecation },
            deprecation === null
              ? `${service} is not deprecated any more.`
              : `${service} is deprecated; its answers say so.`,
          )
          if (deprecation !== null) await noteDependants(session, { team, service }, 'They are told, as they call it:')
        },
      ),
    )

  program
    .command('consumers <service>')
    .description('who calls it, how often, and who asks to')
    .option('--days <days>', 'so many', wholeNumber, 30)
    .action(
      run(async (session, service: string, { days }: { days: number }) => {
        const { consumers } = await session.api.consumers.list.query({ team: await session.team(), service, days })
        show(session, consumers.map(document), () =>
          consumers.length === 0
            ? 'Nobody has called it.'
            : table(
                ['team', 'standing', 'requests', 'errors', 'mean', 'refused', 'limit'],
                consumers.map((one) => [
                  one.team,
                  one.own ? 'its team' : (one.state ?? (one.admitted ? 'may call' : 'not shared')),
                  String(one.total.requests),
                  String(one.total.errors),
                  one.total.meanMs === null ? '–' : `${Math.round(one.total.meanMs)} ms`,
                  String(one.total.limited),
                  one.perMinute === null ? '–' : `${one.perMinute}/min`,
                ]),
              ),
        )
      }),
    )

  const consumer = program
    .command('consumer')
    .description('teams that call a service: ask, approve, decline, revoke, limit')
  consumer
    .command('ask <service>')
    .description("your team asks to call another's @team/service")
    .requiredOption('--reason <reason>', 'what for')
    .action(
      run(async (session, name: string, { reason }: { reason: string }) => {
        await session.api.shared.ask.mutate({ team: await session.team(), name: asShared(name), reason })
        show(session, { service: name, state: 'asked' }, `Asked. See what becomes of it: m3o changes`)
      }),
    )
  for (const verdict of ['approve', 'decline', 'revoke'] as const) {
    consumer
      .command(`${verdict} <service> <team>`)
      .option('-m, --message <message>', 'what they are told')
      .action(
        run(async (session, service: string, of: string, { message }: { message?: string }) => {
          await session.api.consumers.decide.mutate({
            team: await session.team(),
            service,
            of,
            verdict,
            answer: message ?? '',
          })
          const state = { approve: 'approved', decline: 'declined', revoke: 'revoked' }[verdict]
          show(session, { service, team: of, state }, `${of} is ${state}.`)
        }),
      )
  }
  consumer
    .command('limit <service> <team>')
    .description('calls a minute of one team')
    .option('--per-minute <n>', 'so many', wholeNumber)
    .option('--none', 'as for every other team')
    .action(
      run(async (session, service: string, of: string, { perMinute, none }: { perMinute?: number; none?: boolean }) => {
        if ((perMinute === undefined) === (none === undefined))
          throw new Misuse('say how many', 'Give --per-minute N, or --none.')
        await session.api.consumers.limit.mutate({
          team: await session.team(),
          service,
          of,
          perMinute: perMinute ?? null,
        })
        show(
          session,
          { service, team: of, perMinute: perMinute ?? null },
          perMinute === undefined
            ? `${of} has no limit of its own.`
            : `${of} calls ${service} at most ${perMinute} times a minute.`,
        )
      }),
    )

  for (const verb of ['follow', 'unfollow'] as const) {
    program
      .command(`${verb} <service>`)
      .description(verb === 'follow' ? "be told what changes about another team's @team/service" : 'not any more')
      .action(
        run(async (session, name: string) => {
          await session.api.shared.follow.mutate({
            team: await session.team(),
            name: asShared(name),
            follow: verb === 'follow',
          })
          show(
            session,
            { service: name, followed: verb === 'follow' },
            verb === 'follow' ? `You follow ${name}. What changes: m3o changes` : `You follow ${name} no longer.`,
          )
        }),
      )
  }

  program
    .command('changes')
    .description(
      "what changed about other teams' services that you follow or your team calls, and who asks to call yours",
    )
    .action(
      run(async (session) => {
        const team = await session.team()
        const [news, asks] = await Promise.all([
          session.api.shared.news.query({ team }),
          session.api.consumers.asks.query({ team }),
        ])
        show(
          session,
          { asks, changes: news },
          () =>
            [
              ...asks.map(
                (ask) =>
                  `${colors.yellow('?')} ${ask.team} asks to call ${ask.service}: ${plain(ask.reason)} ${colors.dim(`(${plain(ask.by)}, ${ago(ask.at)}; m3o consumer approve ${ask.service} ${ask.team})`)}`,
              ),
              ...news.map(
                (item) =>
                  `${item.weighs ? colors.yellow('!') : ' '} @${item.team}/${item.service} ${plain(item.text)} ${colors.dim(ago(item.at))}`,
              ),
            ].join('\n') || 'Nothing new.',
        )
        if (news.some(({ seen }) => !seen)) await session.api.shared.newsSeen.mutate({ team })
      }),
    )
}

function asShared(name: string): string {
  if (/^@[^/]+\/[^/]+$/.test(name)) return name
  throw new Misuse(`${name} is not another team's service`, 'Such as @payments/orders.')
}

function document({ team, own, state, admitted, reason, perMinute, total, days }: Consumer) {
  return {
    team,
    own,
    admitted,
    state,
    reason,
    perMinute,
    ...total,
    days: days.map(({ day, ...sum }) => ({ day: new Date(day).toISOString().slice(0, 10), ...sum })),
  }
}

/** Who would notice a change of a service, said before it is made; nothing when nobody would. */
export async function noteDependants(
  session: Session,
  at: { team: string; service: string },
  title: string,
  concerned: (one: Dependant) => boolean = () => true,
): Promise<void> {
  const all = (await session.api.services.dependants.query(at).catch(() => [])).filter(concerned)
  if (all.length === 0) return
  note(session, colors.yellow(title))
  for (const { team, service, requests, lastAt } of all.slice(0, 20))
    note(
      session,
      `  ${(service === null ? (team === '' ? 'anyone' : `people of ${team}`) : `@${team}/${service}`).padEnd(32)} ${colors.dim(`${requests} calls, ${ago(lastAt)}`)}`,
    )
  if (all.length > 20) note(session, `  and ${all.length - 20} more`)
}
