/**
 * The direction in which the code leans: app → components → client → (types only) server → contract ← runtime, gateway,
 * cli, sdk. Each rule says why, as that is what an engineer meets who breaks it. `fixtures/direction/` plants one
 * violation, and a test sees to it that it is found.
 */
const only = (name, from, to, comment, extra = {}) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from.endsWith(')') ? `^${from}` : `^${from}/` },
  to: { path: `^(${to})(/|\\.)`, ...extra },
})

module.exports = {
  forbidden: [
    only(
      'contract-is-a-leaf',
      'contract',
      'app|components|client|server|runtime|gateway|db|cli|sdk|templates|services',
      'contract is what crosses boundaries; it knows nobody',
    ),
    only(
      'runtime-is-the-platform',
      'runtime',
      'app|components|client|server|gateway|cli',
      'the runtime knows nothing of HTTP sessions, React or Next; talk through contract',
    ),
    only(
      'gateway-stands-alone',
      'gateway',
      'app|components|client|server|runtime|db|cli|sdk',
      'the gateway never depends on the database or the runtime for a call',
    ),
    only(
      'sdk-is-for-services',
      'sdk',
      'app|components|client|server|runtime|gateway|db|cli',
      'services import the SDK; it may know contract only',
    ),
    only(
      'server-through-contract',
      'server/(?!testing)',
      'app|components|runtime|gateway|cli|sdk',
      'web reaches the runtime and the gateway through the typed client in contract',
    ),
    only(
      'client-knows-server-types-only',
      'client',
      'app|components|runtime|gateway|db|cli|sdk',
      'the browser reaches the platform through tRPC and the live socket',
    ),
    only(
      'client-imports-no-server-values',
      'client',
      'server',
      'types only: a value would put server code into the browser',
      { dependencyTypesNot: ['type-only'] },
    ),
    only(
      'components-know-no-server-values',
      'components',
      'server',
      'types only: a value would put server code into the browser',
      { dependencyTypesNot: ['type-only'] },
    ),
    only(
      'components-below-app',
      'components',
      'app|runtime|gateway|db|cli|sdk',
      'components are used by app, and know client and contract',
    ),
    only(
      'ui-knows-no-data',
      'components/ui',
      'client/(?!errors|toasts)[^/.]+|server|components/(?!ui)[^/]+',
      'primitives know no data, only how a failure is told; what knows data is in a noun’s folder',
    ),
    only('app-has-no-logic', 'app', 'runtime|gateway|db|cli|sdk', 'routes hand over to components and server'),
    only(
      'cli-is-a-client',
      'cli/(?!server)',
      'app|components|runtime|gateway|db',
      'the command is a client like any other',
    ),
    only('cli-knows-server-types-only', 'cli/(?!server)', 'server', 'types only: the command talks to web over HTTP', {
      dependencyTypesNot: ['type-only'],
    }),
    {
      name: 'no-circles',
      severity: 'error',
      comment: 'two files that need each other are one, or there is a third to be found',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(node_modules|\\.next[^/]*|templates/[^/]+/|services/[^/]+/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
