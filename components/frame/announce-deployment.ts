import { paths } from '#client/paths.ts'
import { toastNews } from '#client/toasts.ts'
import type { Deployment } from '#contract/records.ts'
import { headAndRest } from '#components/ui/problem.ts'

const words = {
  failed: 'was not deployed to',
  reverted: 'crashed and was reverted in',
  crashing: 'keeps crashing in',
} as const

/** Tells once what became of a deployment, unless `isShown` says that the screen does by then. */
export function announceDeployment(
  deployment: Deployment,
  {
    team,
    what,
    why,
    isShown,
  }: { team: string; what: keyof typeof words; why: string | undefined; isShown: () => boolean },
): void {
  const { id, service, environment } = deployment
  whenSeen(() => {
    if ((what !== 'crashing' && isShown()) || location.pathname.includes(id) || !claim(`${id} ${what}`)) return
    const at = { team, environment, service }
    toastNews({
      title: `${service} ${words[what]} ${environment}`,
      ...(why !== undefined && { description: headAndRest(why).head }),
      link:
        what === 'crashing'
          ? { label: 'Logs', href: paths.service(at, 'logs') }
          : { label: 'Details', href: paths.deployment(at, id) },
    })
  })
}

/** A window in the background leaves it to the one that is looked at. */
function whenSeen(run: () => void): void {
  if (document.visibilityState === 'visible') return run()
  document.addEventListener('visibilitychange', () => whenSeen(run), { once: true })
}

const toldKey = 'm3o told deployments'
const mostTold = 200

/** Once, in whatever window of this browser, and not again after a reload. */
function claim(what: string): boolean {
  try {
    const told = JSON.parse(localStorage.getItem(toldKey) ?? '[]') as string[]
    if (told.includes(what)) return false
    localStorage.setItem(toldKey, JSON.stringify([...told, what].slice(-mostTold)))
  } catch {
    // A browser that keeps nothing tells it in each window.
  }
  return true
}
