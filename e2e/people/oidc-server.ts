import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export interface Account {
  sub: string
  email: string
  email_verified: boolean
  name: string
}

export interface OidcServer extends AsyncDisposable {
  issuer: string
  client: { id: string; secret: string }
  /** Who is signed in there: whoever is sent there comes back as them, without being asked. */
  account: Account
  /** Where browsers may come back to. */
  allow(redirectUri: string): void
}

/** A real OIDC provider (npm `oidc-provider`) on a port of its own. */
export async function startOidcServer(): Promise<OidcServer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = { id: 'm3o', secret: 'a secret of this test' }
  const state: { account: Account } = { account: { sub: 'nobody', email: '', email_verified: false, name: '' } }
  const redirectUris: string[] = []
  const started = Promise.withResolvers<Provider>()
  server.on(
    'request',
    (request, response) =>
      void started.promise.then((provider) => {
        const uid = /^\/interaction\/([\w-]+)/.exec(request.url ?? '')?.[1]
        if (uid === undefined) return provider.callback()(request, response)
        return provider.interactionDetails(request, response).then(async ({ params, session, prompt }) => {
          const grant = new provider.Grant({
            accountId: session?.accountId ?? state.account.sub,
            clientId: String(params.client_id),
          })
          grant.addOIDCScope('openid email profile')
          await provider.interactionFinished(
            request,
            response,
            prompt.name === 'login'
              ? { login: { accountId: state.account.sub, remember: false } }
              : { consent: { grantId: await grant.save() } },
            { mergeWithLastSubmission: true },
          )
        })
      }),
  )
  const open = () =>
    new Provider(issuer, {
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          redirect_uris: [...redirectUris],
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      // The address in the ID token, as most providers have it.
      conformIdTokenClaims: false,
      pkce: { required: () => true },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
      cookies: { keys: ['a key of this test'] },
      findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...state.account, sub: id }) }),
    })
  return {
    issuer,
    client,
    get account() {
      return state.account
    },
    set account(account) {
      state.account = account
    },
    allow(redirectUri) {
      redirectUris.push(redirectUri)
      started.resolve(open())
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}
