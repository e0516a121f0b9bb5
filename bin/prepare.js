// Readable by any Node: the first thing that an old one should do is to say so.
var major = parseInt(process.versions.node, 10)
if (major < 20) {
  console.error(
    'error: M3O needs Node 20 or newer, and this is ' +
      process.versions.node +
      ': install a newer one from https://nodejs.org',
  )
  process.exit(1)
} else {
  import('./prepare/prepare.js')
    .then(function (module) {
      return module.prepare(process.argv[2] === 'test' ? 'test' : 'start')
    })
    .then(
      function () {
        process.exit(0)
      },
      function (error) {
        console.error('error: ' + (error && error.message ? error.message : error))
        process.exit(1)
      },
    )
}
