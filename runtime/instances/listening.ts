import { readdir, readFile, readlink } from 'node:fs/promises'

/**
 * TCP ports on which a process or one of its children listens: sockets in state 0A of `/proc/PID/net/tcp{,6}` (proc(5))
 * whose inode is among its descriptors, as a team's network is shared by the team's instances.
 */
export async function listeningPorts(pid: number): Promise<number[]> {
  const own = new Set((await Promise.all((await family(pid)).map(socketInodes))).flat())
  const ports = new Set<number>()
  for (const file of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/${pid}/net/${file}`, 'utf8').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      if (fields[3] === '0A' && own.has(fields[9] ?? '')) ports.add(Number.parseInt(fields[1]?.split(':')[1] ?? '', 16))
    }
  }
  return [...ports]
}

async function family(pid: number): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).split(' ').filter(Boolean).slice(0, 100).map(Number)
  return [pid, ...(await Promise.all(children.map(family))).flat()]
}

async function socketInodes(pid: number): Promise<string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? [])
}
