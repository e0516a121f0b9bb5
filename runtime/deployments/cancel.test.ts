import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gates, openGates } from '#e2e/faults/steps/gates.ts'
import { answering, startPlatform, type TestPlatform } from '#e2e/platform/platform.ts'

let platform: TestPlatform
let gates: Gates
beforeAll(async () => {
  platform = await startPlatform()
  gates = await openGates(platform.database)
}, 60_000)
afterAll(async () => {
  await gates[Symbol.asyncDispose]()
  await platform[Symbol.asyncDispose]()
}, 60_000)

test.each(['starting', 'checking'])(
  'one that is ended while %s is being recorded goes no further',
  async (step) => {
    const name = `ended-${step}`
    const { serviceId } = await platform.deploy(name, answering('before'))
    await gates.watch({ scope: name, environmentIds: [platform.production], serviceId: null })
    await gates.close(new Map([[name, `deployments ${step}`]]))
    const { deploymentId } = await platform.upload(name, answering('after'))
    expect(await gates.reached(1, 15_000)).toEqual([0])
    const deleted = platform.rpc.call('services.delete', { serviceId })
    // It is ended as soon as the service is gone.
    await expect
      .poll(
        () =>
          platform.rpc
            .call('services.get', { serviceId, environmentId: platform.production })
            .catch(({ code }: { code: string }) => code),
        { timeout: 15_000 },
      )
      .toBe('not_found')
    for (let question = 0; question < 20; question++) await platform.rpc.call('deployments.get', { deploymentId })
    await gates.open()
    await deleted
    expect((await platform.settled(deploymentId)).state).toBe('cancelled')
    await gates.watch({ scope: name, environmentIds: [], serviceId: null })
  },
  60_000,
)
