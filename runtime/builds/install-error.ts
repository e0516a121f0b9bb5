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
  const text = telling ?? lines.at(-1) ?? 'it printed nothing'
  if (code === 'E404') {
    const url = /- GET https?:\/\/[^/]+\/(\S+)/.exec(text)?.[1]
    const name = url && decodeURIComponent(url)
    return {
      message: `package ${name ? `"${name}" ` : ''}does not exist in the registry: npm: ${text}`,
      fix: 'Correct its name in package.json, or remove it.',
    }
  }
  if (code === 'ETARGET')
    return {
      message: `npm: ${errors.find((line) => /No matching version/.test(line)) ?? text}`,
      fix: 'Choose an existing version in package.json.',
    }
  if (code === 'ERESOLVE')
    return {
      message: `the dependencies conflict: npm: ${text}`,
      fix: 'Choose compatible versions in package.json.',
    }
  if (code === 'EUSAGE')
    return {
      message: `package-lock.json does not match package.json: npm: ${text}`,
      fix: 'Run npm install and deploy both files, or delete package-lock.json to resolve the versions again.',
    }
  if (/^(ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET)/.test(code)) {
    return {
      message: `the registry could not be reached: npm: ${text}`,
      fix: 'Check that this machine can reach the npm registry, then deploy again.',
    }
  }
  return {
    message: `npm could not install the dependencies: ${code ? `${code}: ` : ''}${text}`,
    fix: 'See the build log for the full output of npm.',
  }
}

function pip(lines: readonly string[]): Told {
  if (lines.some((line) => /No module named pip\b/.test(line))) {
    return {
      message: 'pip, which installs Python packages, is not installed on this machine',
      fix: 'Ask the operator to install it (on Debian: apt install python3-pip), or remove requirements.txt.',
    }
  }
  const text = lines.findLast((line) => line.startsWith('ERROR:'))?.slice(7) ?? lines.at(-1) ?? 'it printed nothing'
  return { message: `pip: ${text}`, fix: 'Correct requirements.txt and deploy again.' }
}
