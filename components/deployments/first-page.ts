/** How many deployments are asked for at a time. */
export const pageSize = 50

/** Input of the first page, the same for the server that prefetches and the browser that reads. */
export const firstPage = ({ team, environment = '', service = '' }: { team: string; environment?: string; service?: string }) => ({
  team, before: null, limit: pageSize, ...(environment !== '' && { environment }), ...(service !== '' && { service }),
})
