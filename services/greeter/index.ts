import { CallError, call, context, endpoint, service } from '@m3o/sdk'
import { z } from 'zod'

const greetings = { en: 'Hello', de: 'Hallo', es: 'Hola', fr: 'Bonjour', ja: 'こんにちは', sw: 'Habari' }
const language = z.enum(Object.keys(greetings) as [keyof typeof greetings, ...(keyof typeof greetings)[]])

export default service({
  Hello: endpoint({
    description: 'Greets somebody, and remembers the visit in the guestbook.',
    request: z.object({ name: z.string().trim().min(1).max(80), language: language.default('en') }),
    response: z.object({ message: z.string(), visits: z.number().nullable() }),
    run: async ({ name, language }) => {
      const greeting = `${greetings[language]} ${name}`
      const visits = await remember(name, greeting)
      return { message: visits !== null && visits > 1 ? `${greeting}, good to see you again` : greeting, visits }
    },
  }),

  WhoAmI: endpoint({
    description: 'What a service knows of its caller and of the call; nobody can forge it.',
    request: z.object({}),
    response: z.object({
      caller: z.record(z.string(), z.string()),
      service: z.string(),
      environment: z.string(),
      trace: z.string(),
    }),
    run: () => {
      const { caller = {}, service, environment, trace = '' } = context()
      return { caller: { ...caller }, service, environment, trace }
    },
  }),
})

/** A greeting is worth giving even while the guestbook is away: what is optional must not fail the whole. */
async function remember(name: string, message: string): Promise<number | null> {
  try {
    const { visits } = await call<{ visits: number }>('guestbook', 'Sign', { name, message }, { timeout: 2_000 })
    return visits
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    console.warn(`greeting without the guestbook: ${error.message}`)
    return null
  }
}
