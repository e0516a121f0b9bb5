import { prepareHome } from '#cli/server/home.ts'
import { startWeb } from '../../platform/web-on-home.ts'
import type { Inhabitant } from '../../platform/on-home.ts'

/** A process of its own, so that it can be seen whether it ends. Says its port. */
const { HOME_PATH = '', GATEWAY_PORT = '', AS = '' } = process.env
const web = await startWeb({ home: prepareHome(HOME_PATH), gatewayPort: Number(GATEWAY_PORT) }, JSON.parse(AS) as Inhabitant, { level: 'error' })
console.log(web.port)
