import { eventually, type Stand } from '../stand.ts'
import type { Viewer } from '../../web.ts'

/** Names and ids of one of everything that a team can have. */
export type World = Awaited<ReturnType<typeof furnish>>

/** Gives a team two services (one serves), two environments, a deployment, a promotion, a terminal, an invitation, a token, another member. */
export async function furnish(stand: Stand, owner: Viewer, team: string) {
  const own = stand.as(owner)
  const [service, quiet, child] = [`${team}-run`, `${team}-quiet`, `${team}-child`]
  const made = await own.services.create({ team, name: service, template: 'hello' })
  const silent = await own.services.create({ team, name: quiet, template: 'hello' })
  const environment = await own.environments.create({ team, name: child, kind: 'shared' })
  // Of these nothing else is done: what a token for them alone may not do, it may not do here.
  const [apart, aside] = [`${team}-apart`, `${team}-aside`]
  await own.services.create({ team, name: apart, empty: true })
  await own.environments.create({ team, name: aside, kind: 'shared' })
  const production = (await own.environments.list({ team })).find(({ name }) => name === 'production')
  const deploy = async (where: string) => {
    const { deploymentId } = await own.deployments.start({ team, service, environment: where, what: { draft: {} } })
    await eventually(async () => {
      const { state, error } = await own.deployments.get({ team, deploymentId })
      if (error !== null) throw new Error(`${service} could not be deployed: ${error.message}`)
      return state === 'live'
    })
    return deploymentId
  }
  await deploy('production')
  await own.source.save({ team, service, environment: child, path: 'notes.md', text: 'another\n', expected: null })
  await deploy(child)
  const { promotionId } = await own.promotions.start({ team, environment: child })
  if (promotionId === null) throw new Error('a second person was asked for')
  await eventually(async () => (await own.promotions.get({ team, promotionId })).state === 'live')
  // The environment has a copy of its own again.
  await own.source.save({ team, service, environment: child, path: 'more.md', text: 'more\n', expected: null })
  const deploymentId = await deploy(child)
  const at = { team, service, environment: 'production' }
  await own.variables.set({ ...at, name: 'SECRET', value: `the secret of ${team}`, secret: true })
  const [instance] = (await own.services.get(at)).instances
  const { terminalId } = await own.terminals.open({ ...at, size: { cols: 80, rows: 24 } })
  const spare = await stand.web.people.create({
    email: `spare-of-${team}@example.com`,
    name: 'spare',
    password: 'a fine password',
    operator: false,
  })
  const { link } = await own.invitations.create({ team, email: spare.email, role: 'viewer' })
  await stand
    .as(await stand.viewerOf(spare))
    .invitations.accept({ secret: decodeURIComponent(new URL(link).pathname.split('/')[2] ?? '') })
  const invitation = await own.invitations.create({ team, email: `invited-to-${team}@example.com`, role: 'viewer' })
  const token = await own.tokens.create({ team, name: `token-of-${team}` })
  return {
    team,
    environment: 'production',
    service,
    quiet,
    child,
    apart,
    aside,
    deploymentId,
    promotionId,
    terminalId,
    teamId: made.teamId,
    serviceId: made.id,
    quietId: silent.id,
    environmentId: production?.id ?? '',
    childId: environment.id,
    instanceId: instance?.id ?? '',
    commit: (await own.deployments.get({ team, deploymentId })).commit,
    invitationId: invitation.id,
    invitationLink: invitation.link,
    tokenId: token.id,
    tokenName: token.name,
    userId: spare.id,
    email: spare.email,
    sessionId: owner.session?.id ?? '',
  }
}
