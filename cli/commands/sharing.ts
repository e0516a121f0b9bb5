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
    .description("fork another team's service into your team, with its history")
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
    .description('mark a service as deprecated and tell its callers')
    .option('-m, --message <message>', 'the reason, and what to do instead')
    .option('--sunset <date>', 'when it stops: 2027-01-31')
    .option('--replacement <service>', 'service to use instead')
    .option('--undo', 'remove the deprecation')
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
            throw new Misuse('give a message, or --undo', 'Give -m MESSAGE, or --undo.')
          const at = sunset === undefined ? null : Date.parse(sunset)
          if (Number.isNaN(at)) throw new Misuse(`invalid date: ${sunset}`, 'Write it as 2027-01-31.')
          const deprecation = message === undefined ? null : { message, sunset: at, replacement: replacement ?? null }
          const team = await session.team()
          await session.api.services.deprecate.mutate({ team, service, deprecation })
          show(
            session,
            { service, deprecation },
            deprecation === null
              ? `Removed the deprecation of ${service}.`
              : `${service} is deprecated; its responses say so.`,
          )
          if (deprecation !== null) await noteDependants(session, { team, service }, 'These callers are notified:')
        },
      ),
    )

  program
    .command('consumers <service>')
    .description('list the teams that call a service, and access requests')
    .option('--days <days>', 'number of days', wholeNumber, 30)
    .action(
      run(async (session, service: string, { days }: { days: number }) => {
        const { consumers } = await session.api.consumers.list.query({ team: await session.team(), service, days })
        show(session, consumers.map(document), () =>
          consumers.length === 0
            ? 'No calls yet.'
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
    .description("request access to another team's @team/service")
    .requiredOption('--reason <reason>', 'reason, for the owner')
    .action(
      run(async (session, name: string, { reason }: { reason: string }) => {
        await session.api.shared.ask.mutate({ team: await session.team(), name: asShared(name), reason })
        show(session, { service: name, state: 'asked' }, `Requested. To see the decision: m3o changes`)
      }),
    )
  for (const verdict of ['approve', 'decline', 'revoke'] as const) {
    consumer
      .command(`${verdict} <service> <team>`)
      .option('-m, --message <message>', 'message to the team')
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
    .description('limit the calls per minute of one team')
    .option('--per-minute <n>', 'calls per minute', wholeNumber)
    .option('--none', "use the service's general limit")
    .action(
      run(async (session, service: string, of: string, { perMinute, none }: { perMinute?: number; none?: boolean }) => {
        if ((perMinute === undefined) === (none === undefined))
          throw new Misuse('give a number of calls per minute', 'Give --per-minute N, or --none.')
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
            ? `Removed the limit of ${of}.`
            : `Limited ${of} to ${perMinute} calls of ${service} per minute.`,
        )
      }),
    )

  for (const verb of ['follow', 'unfollow'] as const) {
    program
      .command(`${verb} <service>`)
      .description(
        verb === 'follow' ? "follow changes of another team's @team/service" : "stop following another team's service",
      )
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
            verb === 'follow' ? `Following ${name}. To see its changes: m3o changes` : `Stopped following ${name}.`,
          )
        }),
      )
  }

  program
    .command('changes')
    .description('list changes of services you follow or call, and access requests')
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
            ].join('\n') || 'No changes.',
        )
        if (news.some(({ seen }) => !seen)) await session.api.shared.newsSeen.mutate({ team })
      }),
    )
}

function asShared(name: string): string {
  if (/^@[^/]+\/[^/]+$/.test(name)) return name
  throw new Misuse(`not another team's service: ${name}`, 'Write it as @payments/orders.')
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
      `  ${(service === null ? (team === '' ? 'anyone' : `members of ${team}`) : `@${team}/${service}`).padEnd(32)} ${colors.dim(`${requests} calls, ${ago(lastAt)}`)}`,
    )
  if (all.length > 20) note(session, `  and ${all.length - 20} more`)
}
