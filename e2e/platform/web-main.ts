import { prepareHome } from '#cli/server/home.ts'
import { startWeb } from './web-on-home.ts'

/** Says its port. */
const { HOME_PATH = '', GATEWAY_PORT = '' } = process.env
const web = await startWeb({ home: prepareHome(HOME_PATH), gatewayPort: Number(GATEWAY_PORT) }, { level: 'error' })
console.log(web.port)
