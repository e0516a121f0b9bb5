import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { eq } from 'drizzle-orm'
import { newId } from '#contract/ids.ts'
import { deployments, releases, services } from '#db/schema.ts'
import { answering, startPlatform } from '#e2e/platform/platform.ts'
import { sealWith } from '#runtime/variables/seal.ts'

/*
 * Pinning an environment: `node bench/pin.ts [SERVICES]`. As many services are in production (one that was deployed, the
 * others as rows like it, asleep); an environment is pinned, pinned again, and unpinned. Prints how long each took, how
 * many processes it started (reach 0), and how long the first call to a pinned service waits.
 */

const count = Number(process.argv[2] ?? 200)
const rounds = 5
const platform = await startPlatform()
try {
  await platform.deploy('first', answering('hello'))
  await multiply()
  await platform.runtime.killAndStartAgain()
  const alice = await platform.rpc.call('environments.create', {
    teamId: platform.teamId,
    name: 'alice',
    parentId: null,
    ownerId: platform.userId,
  })
  const running = async () => (await platform.rpc.call('platform.status', {})).counts.instances
  const before = await running()
  const took: Record<string, number[]> = { pin: [], again: [], unpin: [] }
  for (let round = 0; round < rounds; round++) {
    took.pin?.push(
      await ms(async () => {
        const { services: pinned } = await platform.rpc.call('environments.pin', { environmentId: alice.id })
        if (pinned !== count) throw new Error(`${pinned} of ${count} were pinned`)
      }),
    )
    took.again?.push(await ms(() => platform.rpc.call('environments.pin', { environmentId: alice.id })))
    if (round < rounds - 1)
      took.unpin?.push(await ms(() => platform.rpc.call('environments.unpin', { environmentId: alice.id })))
  }
  const started = (await running()) - before
  const wake = await ms(async () => {
    const answer = await platform.call('first', { 'm3o-environment': 'alice' })
    if (answer.status !== 200 || !answer.servedBy.endsWith(' alice')) throw new Error(JSON.stringify(answer))
  })
  console.log(`${count} services`)
  for (const [what, times] of Object.entries(took))
    console.log(`${what.padEnd(6)} ${times.map((time) => `${Math.round(time)} ms`).join(', ')}`)
  console.log(`processes started by pinning: ${started} (reach 0)`)
  console.log(`first call to a pinned service: ${Math.round(wake)} ms`)
  process.exitCode = started === 0 ? 0 : 1
} finally {
  await platform[Symbol.asyncDispose]()
}

async function ms(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}

/** More services like the one that was deployed, which sleep. */
async function multiply(): Promise<void> {
  const { db } = platform
  const [model] = await db.select().from(deployments).where(eq(deployments.teamId, platform.teamId))
  if (!model?.settings) throw new Error('nothing was deployed')
  const seal = sealWith(
    Buffer.from((await readFile(join(platform.home.path, 'keys/secrets.key'), 'utf8')).trim(), 'hex'),
  )
  const settings = { ...model.settings, min: 0, idleMs: 60_000 }
  for (let n = 1; n < count; n++) {
    const [serviceId, id] = [newId('service'), newId('deployment')]
    await db.insert(services).values({
      id: serviceId,
      teamId: platform.teamId,
      name: `more${n}`,
      audience: { kind: 'team' },
      createdAt: Date.now(),
    })
    await db
      .insert(deployments)
      .values({ ...model, id, serviceId, settings, variables: seal.seal('{}', `deployment/${id}`) })
    await db.insert(releases).values({
      environmentId: platform.production,
      serviceId,
      deploymentId: id,
      commit: model.commit,
      wanted: 'live',
      updatedAt: Date.now(),
    })
  }
}
