import type { Logger } from 'pino'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { connectionFromEnvironment, openDb } from '#db/open.ts'
import { Pulse } from '#db/pulse.ts'
import { insist } from './insist.ts'
import { openMailer } from './mail/mailer.ts'
import { Messages } from './mail/messages.ts'
import { ByMessage } from './people/by-message.ts'
import { Claims } from './people/claim.ts'
import { SingleUseCodes } from './people/codes.ts'
import { KeptCodes } from './people/kept-codes.ts'
import { LinkedAccounts } from './people/linked-accounts.ts'
import { MailedInvitations } from './people/mailed-invitation.ts'
import { Passkeys } from './people/passkeys.ts'
import { People } from './people/people.ts'
import { RateLimit } from './people/rate-limit.ts'
import { peopleSeal } from './people/seal.ts'
import { SecondFactor } from './people/second-factor.ts'
import { Sessions } from './people/sessions.ts'
import { Setup } from './people/setup.ts'
import { SignUps } from './people/sign-ups.ts'
import type { Settings } from './settings.ts'
import type { Web } from './web.ts'

/** Wires the parts of one web process together; what it opens, `close` closes. */
export function createWeb(
  settings: Settings,
  { env, log }: { env: NodeJS.ProcessEnv; log: Logger },
): Web & { close(): Promise<void> } {
  const database = openDb(connectionFromEnvironment(env), 6)
  const pulse = new Pulse(connectionFromEnvironment(env))
  const runtime = createRpcClient(runtimeApi, settings.runtimeSocket)
  const limits = {
    signIn: new RateLimit({ burst: 15, everyMs: 4_000 }),
    token: new RateLimit({ burst: 60, everyMs: 1_000 }),
    message: new RateLimit({ burst: 5, everyMs: 60_000 }),
    messageTo: new RateLimit({ burst: 5, everyMs: 720_000 }),
  }
  const { db } = database
  const people = new People(db, limits.signIn)
  const [codes, signUps, seal] = [new KeptCodes(db), new SignUps(db), peopleSeal(settings.secret)]
  const factor = new SecondFactor(db, {
    seal,
    limit: new RateLimit({ burst: 5, everyMs: 60_000 }),
    issuer: `M3O ${new URL(settings.url).hostname}`,
  })
  const messages = new Messages({ db, codes, seal, mailer: openMailer(settings), settings, log })
  const sessions = new Sessions(db)
  const claims = new Claims({ db, sessions, runtime })
  // A service's host took the session over: it ends there as well.
  sessions.onEnded((sessionId) => void insist(() => runtime.call('access.sessionEnded', { sessionId }), log))
  messages.drain()
  return {
    settings,
    log,
    runtime,
    pulse,
    people,
    limits,
    codes,
    signUps,
    factor,
    messages,
    sessions,
    byMessage: new ByMessage({ db, codes, people, signUps, claims }),
    passkeys: new Passkeys({ db, codes, factor, settings }),
    mailedInvitations: new MailedInvitations(seal),
    linked: new LinkedAccounts(db, signUps, claims),
    noteChanged: (userId) => void insist(() => runtime.call('access.personChanged', { userId }), log),
    setup: new Setup({ people, runtime, codeFile: settings.setupCodeFile, samples: settings.samples }),
    commandCodes: new SingleUseCodes(60_000),
    async close() {
      await messages.close()
      runtime.close()
      await pulse.close()
      await database[Symbol.asyncDispose]()
    },
  }
}
