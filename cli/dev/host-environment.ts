/** What a service's process needs of this machine to run at all; the rest of somebody's shell is not the service's. */
const passed =
  /^(HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TERM|COLORTERM|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|https?_proxy|no_proxy|JAVA_HOME|GO(PATH|ROOT|CACHE|MODCACHE)|CARGO_HOME|RUSTUP_HOME|VIRTUAL_ENV|DYLD_\w+|SystemRoot)$/i

export function hostEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => passed.test(entry[0]) && entry[1] !== undefined),
  ) as NodeJS.ProcessEnv
}
