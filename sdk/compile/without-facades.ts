import type { Plugin } from 'esbuild'

/**
 * An ES import of these modules of Node's reads every export of theirs, getters too: that of `node:http` loads all of undici,
 * that of `node:tls` every root certificate. It takes as long as the rest of a small program's start. Bundled with this, what is imported is
 * read when it is used.
 */
export const withoutFacades: Plugin = {
  name: 'without facades',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(http|https|tls|crypto|fs)$/ }, ({ path, kind }) =>
      kind === 'require-call' ? undefined : { path, namespace: 'builtin' },
    )
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      loader: 'js',
    }))
  },
}
