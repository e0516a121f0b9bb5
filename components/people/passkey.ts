import { startAuthentication, startRegistration } from '@simplewebauthn/browser'
import { errorFromBody } from '#contract/errors.ts'

/** Loaded when somebody uses a passkey. @param options as the platform gave them */
export async function askForPasskey(options: unknown): Promise<object> {
  return startAuthentication({
    optionsJSON: options as Parameters<typeof startAuthentication>[0]['optionsJSON'],
  }).catch(refuse)
}

export async function makePasskey(options: unknown): Promise<Awaited<ReturnType<typeof startRegistration>>> {
  return startRegistration({ optionsJSON: options as Parameters<typeof startRegistration>[0]['optionsJSON'] }).catch(
    refuse,
  )
}

/** What browsers say is for developers, and the same for a person who changed their mind as for one who was too slow. */
function refuse(error: unknown): never {
  const name = error instanceof Error ? error.name : ''
  throw errorFromBody(
    name === 'InvalidStateError'
      ? {
          code: 'conflict',
          message: 'this device already has a passkey of your account',
          fix: 'Use another device, or remove that one first.',
        }
      : { code: 'cancelled', message: 'no passkey was used', fix: 'Try again, and confirm when the browser asks.' },
  )
}
