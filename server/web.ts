import type { Logger } from 'pino'
import type { RpcClient } from '#contract/rpc-client.ts'
import type { RuntimeApi } from '#contract/runtime-api.ts'
import type { Actor } from '#contract/rpc.ts'
import type { Person } from '#contract/records.ts'
import type { TokenScope } from '#contract/routing.ts'
import type { Pulse } from '#db/pulse.ts'
import type { People } from './people/people.ts'
import type { Sessions } from './people/sessions.ts'
import type { SingleUseCodes } from './people/codes.ts'
import type { Setup } from './people/setup.ts'
import type { RateLimit } from './people/rate-limit.ts'
import type { KeptCodes } from './people/kept-codes.ts'
import type { Messages } from './mail/messages.ts'
import type { SignUps } from './people/sign-ups.ts'
import type { ByMessage } from './people/by-message.ts'
import type { SecondFactor } from './people/second-factor.ts'
import type { Passkeys } from './people/passkeys.ts'
import type { LinkedAccounts } from './people/linked-accounts.ts'
import type { MailedInvitations } from './people/mailed-invitation.ts'
import type { Settings } from './settings.ts'

/** What one web process is made of; handed to whoever needs it, never imported. */
export interface Web {
  settings: Settings
  log: Logger
  runtime: RpcClient<RuntimeApi>
  /** Of the database: nobody waits for one that is away. */
  pulse: Pulse
  people: People
  sessions: Sessions
  setup: Setup
  /** Codes with which the command takes over a sign-in that was confirmed in the browser. */
  commandCodes: SingleUseCodes<{ userId: string; sessionId: string; team: string | null }>
  limits: { signIn: RateLimit; token: RateLimit; message: RateLimit; messageTo: RateLimit }
  /** Codes that outlive this process. */
  codes: KeptCodes
  messages: Messages
  signUps: SignUps
  byMessage: ByMessage
  factor: SecondFactor
  passkeys: Passkeys
  linked: LinkedAccounts
  mailedInvitations: MailedInvitations
  /** Tells the runtime, in the background, that somebody's address or way to sign in is another. */
  noteChanged(userId: string): void
}

/** A platform token's standing, as the runtime knows it. */
export interface TokenStanding {
  tokenId: string
  teamId: string
  team: string
  environment: string | null
  scope: TokenScope
}

/** Who asks: a person in a browser (`session`) or with a token (`token`). */
export interface Viewer {
  person: Person
  operator: boolean
  session: { id: string; expiresAt: number } | undefined
  token: TokenStanding | undefined
  actor: Actor
}
