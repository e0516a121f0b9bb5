import type { Logger } from 'pino'
import { createRpcClient } from '#contract/rpc-client.ts'
import { runtimeApi } from '#contract/runtime-api.ts'
import { connectionFromEnvironment, openDb } from '#db/open.ts'
import { SingleUseCodes } from './people/codes.ts'
import { People } from './people/people.ts'
import { RateLimit } from './people/rate-limit.ts'
import { Sessions } from './people/sessions.ts'
import { Setup } from './people/setup.ts'
import type { Settings } from './settings.ts'
import type { Web } from './web.ts'

/** Wires the parts of one web process together; what it opens, `close` closes. */
export function createWeb(settings: Settings, { env, log }: { env: NodeJS.ProcessEnv; log: Logger }): Web & { close(): Promise<void> } {
  const database = openDb(connectionFromEnvironment(env), 6)
  const runtime = createRpcClient(runtimeApi, settings.runtimeSocket)
  const limits = { signIn: new RateLimit({ burst: 15, everyMs: 4_000 }), token: new RateLimit({ burst: 60, everyMs: 1_000 }) }
  const people = new People(database.db, limits.signIn)
  return {
    settings, log, runtime, people, limits,
    sessions: new Sessions(database.db),
    setup: new Setup({ people, runtime, codeFile: settings.setupCodeFile, samples: settings.samples }),
    commandCodes: new SingleUseCodes(60_000),
    async close() {
      runtime.close()
      await database[Symbol.asyncDispose]()
    },
  }
}
