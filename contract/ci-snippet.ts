/** Where a pipeline deploys to; the token comes from its own secrets, never from its text. */
export interface CiPlace {
  url: string
  team: string
  environment: string
  service: string
}

export type CiSnippet = Record<'github' | 'gitlab' | 'shell', string>

/**
 * What a pipeline needs, with nothing to install: what is committed is uploaded, and the answer is how the deployment ended.
 * `M3O_TOKEN` is in the environment.
 */
export function ciSnippet({ url, team, environment, service }: CiPlace): CiSnippet {
  const address = `${url}/api/upload/deploy?${new URLSearchParams({ team, environment, service, wait: '1' }).toString()}`
  const shell = `git archive --format=tar.gz HEAD | curl --silent --show-error --fail-with-body \\
  --header "Authorization: Bearer $M3O_TOKEN" --data-binary @- \\
  "${address}"`
  const indented = (spaces: number) =>
    shell
      .split('\n')
      .map((line) => `${' '.repeat(spaces)}${line}`)
      .join('\n')
  return {
    github: `# .github/workflows/deploy.yml; the token is the repository's secret M3O_TOKEN
on:
  push:
    branches: [main]
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - env:
          M3O_TOKEN: \${{ secrets.M3O_TOKEN }}
        run: |
${indented(10)}
`,
    gitlab: `# .gitlab-ci.yml; the token is the masked variable M3O_TOKEN
deploy:
  image: alpine:3
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  before_script:
    - apk add --no-cache git curl
  script:
    - |
${indented(6)}
`,
    shell: `${shell}\n`,
  }
}
