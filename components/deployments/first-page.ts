import { type DeploymentState, deploymentStates } from '#contract/states.ts'

/** What narrows a list; an empty word does not. */
export interface DeploymentFilters {
  team: string
  environment?: string
  service?: string
  by?: string
  state?: string
}

/** How many deployments are asked for at a time. */
export const pageSize = 50

/** Input of the first page, the same for the server that prefetches and the browser that reads. */
export const firstPage = ({ team, environment = '', service = '', by = '', state = '' }: DeploymentFilters) => ({
  team,
  before: null,
  limit: pageSize,
  ...(environment !== '' && { environment }),
  ...(service !== '' && { service }),
  ...(by !== '' && { by }),
  ...(isDeploymentState(state) && { state }),
})

const isDeploymentState = (word: string): word is DeploymentState =>
  (deploymentStates as readonly string[]).includes(word)
