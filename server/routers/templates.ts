import { authorizedPerson, router } from '../trpc.ts'

export const templates = router({
  list: authorizedPerson('person.read').query(({ ctx }) => ctx.web.runtime.call('templates.list', {}, ctx.as)),
})
