import { PlatformError } from '#contract/errors.ts'
import type { Exit } from '../engines/engine.ts'

/** What went wrong, in the tool's own most telling line. */
export function failedInstall(kind: 'npm' | 'pip', exit: Exit, lines: readonly string[]): PlatformError {
  const { message, fix } = kind === 'npm' ? npm(lines) : pip(lines)
  return new PlatformError('build_failed', message, { fix, data: { exitCode: exit.exitCode, lines: lines.slice(-50) } })
}

interface Told {
  message: string
  fix: string
}

function npm(lines: readonly string[]): Told {
  const errors = lines
    .filter((line) => /^npm (error|ERR!)/.test(line))
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, ''))
  const code = errors.find((line) => line.startsWith('code '))?.slice(5) ?? ''
  const telling = errors.find(
    (line) =>
      !line.startsWith('code ') && !line.startsWith('errno') && !line.startsWith('syscall') && line.trim() !== '',
  )
  const text = telling ?? lines.at(-1) ?? 'it said nothing'
  if (code === 'E404') {
    const url = /- GET https?:\/\/[^/]+\/(\S+)/.exec(text)?.[1]
    const name = url && decodeURIComponent(url)
    return {
      message: `there is no package ${name ? `"${name}" ` : ''}in the registry: npm: ${text}`,
      fix: 'Correct its name in package.json, or remove it.',
    }
  }
  if (code === 'ETARGET')
    return {
      message: `npm: ${errors.find((line) => /No matching version/.test(line)) ?? text}`,
      fix: 'Ask for a version that exists in package.json.',
    }
  if (code === 'ERESOLVE')
    return {
      message: `the dependencies contradict each other: npm: ${text}`,
      fix: 'Choose versions that fit each other in package.json.',
    }
  if (code === 'EUSAGE')
    return {
      message: `package-lock.json does not fit package.json: npm: ${text}`,
      fix: 'Run npm install and deploy both files; or delete package-lock.json, then the versions are resolved anew.',
    }
  if (/^(ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET)/.test(code)) {
    return {
      message: `the registry was not reached: npm: ${text}`,
      fix: 'Check that this machine reaches the npm registry, then deploy again.',
    }
  }
  return {
    message: `npm could not install the dependencies: ${code ? `${code}: ` : ''}${text}`,
    fix: 'The log of the build has all that npm said.',
  }
}

function pip(lines: readonly string[]): Told {
  if (lines.some((line) => /No module named pip\b/.test(line))) {
    return {
      message: 'this machine has no pip, which installs Python packages',
      fix: 'Have the operator install it (on Debian: apt install python3-pip), or take requirements.txt away.',
    }
  }
  const text = lines.findLast((line) => line.startsWith('ERROR:'))?.slice(7) ?? lines.at(-1) ?? 'it said nothing'
  return { message: `pip: ${text}`, fix: 'Correct requirements.txt and deploy again.' }
}
