import { service, endpoint } from '@m3o/sdk'
import { z } from 'zod'

export default service({
  Hello: endpoint({
    request: z.object({ name: z.string() }),
    response: z.object({ message: z.string() }),
    run: async ({ name }) => ({ message: `Hello ${name}` }),
  }),
})
