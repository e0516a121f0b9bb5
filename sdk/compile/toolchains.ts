import type { Resolved } from '#contract/convention.ts'

interface Toolchain {
  tool: string
  name: string
  build: string
}

/** Languages that are compiled, with what does it when m3o.json names no other build. What they leave is what contract/convention.ts starts. */
const toolchains: Partial<Record<Resolved['runtime'], Toolchain>> = {
  go: { tool: 'go', name: 'Go', build: 'mkdir -p .m3o && go build -o .m3o/service .' },
  rust: {
    tool: 'cargo',
    name: 'Rust',
    build:
      'mkdir -p .m3o && cargo build --release && find target/release -maxdepth 1 -type f -perm -u+x -exec cp {} .m3o/service \\;',
  },
  java: {
    tool: 'mvn',
    name: 'Java (JDK and Maven)',
    build: 'mkdir -p .m3o && mvn -B -q package -DskipTests && cp "$(ls -S target/*.jar | head -1)" .m3o/service.jar',
  },
}

export const toolchainOf = (runtime: Resolved['runtime']): Toolchain | undefined => toolchains[runtime]
