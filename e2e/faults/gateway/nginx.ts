import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../platform/processes.ts'

/** The peer of {@link startLoneGateway}: one process of the same priority, which routes by host, keeps connections and takes websockets. Undefined where there is no `nginx`. */
export async function startNginx(services: Readonly<Record<string, number>>) {
  const home = await mkdtemp(join(tmpdir(), 'm3o-nginx-'))
  const port = await freePort()
  const all = Object.entries(services)
  await writeFile(
    join(home, 'nginx.conf'),
    `daemon off; master_process off; pid ${home}/pid; error_log stderr crit;
events { worker_connections 20000; }
http {
  access_log off; client_header_timeout 15s; keepalive_requests 1000000000; client_body_temp_path ${home}/b; proxy_temp_path ${home}/p;
  fastcgi_temp_path ${home}/f; uwsgi_temp_path ${home}/u; scgi_temp_path ${home}/s;
  map $http_upgrade $of_upgrade { default upgrade; '' ''; }
  map $host $service { ${all.map(([name]) => `${name}--demo.localhost ${name};`).join(' ')} }
  ${all.map(([name, at]) => `upstream ${name} { server 127.0.0.1:${at}; keepalive 128; }`).join('\n  ')}
  server { listen 127.0.0.1:${port} backlog=4096; location / {
    proxy_pass http://$service; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $of_upgrade; proxy_read_timeout 1h;
  } }
}`,
  )
  const child = spawn('nginx', ['-e', 'stderr', '-c', join(home, 'nginx.conf')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const end = async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    await rm(home, { recursive: true, force: true })
  }
  try {
    await once(child, 'spawn')
    if (process.getuid?.() === 0) setPriority(child.pid ?? 0, -10)
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`)
      await delay(30)
    }
  } catch (error) {
    await end()
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return { port, pid: () => child.pid ?? 0, said: () => '', [Symbol.asyncDispose]: end }
}

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  )
