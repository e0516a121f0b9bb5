/**
 * `node:http`'s values without its module facade: `import … from 'node:http'` reads every export, WebSocket among them,
 * whose getter loads the whole of undici (13 MB in each process that never uses it). Types are imported as usual.
 */
export const { Agent, createServer, request, Server, ServerResponse, STATUS_CODES } =
  process.getBuiltinModule('node:http')
