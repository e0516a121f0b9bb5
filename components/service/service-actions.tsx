'use client'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Ellipsis, History, Power, RotateCw, Rocket, Scaling, SquareTerminal, Undo2 } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { spokenLaptop } from '#contract/laptop-names.ts'
import type { Service } from '#contract/records.ts'
import { serviceCan } from '#contract/states.ts'
import { type OfService, paths } from '#client/paths.ts'
import { toastDone, toastError } from '#client/toasts.ts'
import { useTRPC } from '#client/trpc.ts'
import { firstPage, pageSize } from '#components/deployments/first-page.ts'
import { type ScreenAction, useActions } from '#components/frame/actions.ts'
import { useEnvironment } from '#components/frame/environment.ts'
import { useMay } from '#components/frame/may.ts'
import { inEnvironment } from '#components/frame/production.ts'
import { revisionBefore } from '#components/service-deployments/words.ts'
import { Button, IconButton } from '#components/ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '#components/ui/menu.tsx'

const DeployDialog = dynamic(() => import('./deploy-dialog.tsx').then((module) => module.DeployDialog), { ssr: false })
const ScaleDialog = dynamic(() => import('./scale-dialog.tsx').then((module) => module.ScaleDialog), { ssr: false })
const RollbackDialog = dynamic(() => import('./stop-dialogs.tsx').then((module) => module.RollbackDialog), {
  ssr: false,
})
const KillDialog = dynamic(() => import('./stop-dialogs.tsx').then((module) => module.KillDialog), { ssr: false })
const ResetDialog = dynamic(() => import('./stop-dialogs.tsx').then((module) => module.ResetDialog), { ssr: false })

/** What can be done to a service here; what cannot says why. */
export function ServiceActions({ at, service }: { at: OfService; service: Service }) {
  const router = useRouter()
  const environment = useEnvironment()
  const [open, setOpen] = useState<'deploy' | 'scale' | 'rollback' | 'kill' | 'reset' | null>(null)
  const { data: deployments } = useQuery(useTRPC().deployments.list.queryOptions(firstPage(at)))
  const before = deployments && revisionBefore(deployments)
  const reasons = useReasons(at, service)
  // What is older than a page of deployments is known to the platform alone.
  const noBefore =
    deployments !== undefined && deployments.length < pageSize && before === undefined
      ? 'No other revision was live here'
      : null
  const rollbackReason = reasons.rollback ?? noBefore
  const restart = useRestart(at)
  const dismiss = () => setOpen(null)
  const label = (verb: string, link?: string) =>
    environment === undefined ? verb : inEnvironment(verb, environment, link)
  const isOwnOverlay =
    service.from === at.environment &&
    environment?.parent != null &&
    (service.laptop === null || environment.overrides.some((one) => one.serviceId === service.id))

  const deeds: ScreenAction[] = [
    {
      id: 'service.deploy',
      title: label('Deploy', 'to'),
      keys: 'd',
      icon: <Rocket />,
      words: 'draft release ship',
      reason: reasons.deploy,
      run: () => setOpen('deploy'),
    },
    { id: 'service.restart', title: label('Restart'), icon: <RotateCw />, reason: reasons.restart, run: restart.run },
    {
      id: 'service.scale',
      title: label('Scale'),
      icon: <Scaling />,
      words: 'instances',
      reason: reasons.scale,
      run: () => setOpen('scale'),
    },
    {
      id: 'service.rollback',
      title: label('Roll back'),
      icon: <Undo2 />,
      words: 'revert previous',
      reason: rollbackReason,
      run: () => setOpen('rollback'),
    },
    {
      id: 'service.kill',
      title: label('Stop'),
      icon: <Power />,
      words: 'kill',
      reason: reasons.kill,
      run: () => setOpen('kill'),
    },
    {
      id: 'service.terminal',
      title: 'Open a terminal',
      icon: <SquareTerminal />,
      words: 'shell exec',
      reason: reasons.exec,
      run: () => router.push(`${paths.code(at)}?panel=terminal`),
    },
    ...(isOwnOverlay
      ? [
          {
            id: 'service.reset',
            title:
              environment.pinned === null
                ? `Reset to ${environment.parent}`
                : `Reset to the current revision of ${environment.parent}`,
            icon: <History />,
            words: 'drop override inherit',
            reason: reasons.reset,
            run: () => setOpen('reset'),
          },
        ]
      : []),
  ]
  useActions(deeds.map((deed) => ({ ...deed, group: service.name })))
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button kind="primary" keys="d" reason={reasons.deploy} onClick={() => setOpen('deploy')}>
        <Rocket />
        {label('Deploy', 'to')}
      </Button>
      <Button reason={reasons.restart} busy={restart.busy} onClick={restart.run}>
        <RotateCw />
        Restart
      </Button>
      <Button className="max-sm:hidden" reason={rollbackReason} onClick={() => setOpen('rollback')}>
        <Undo2 />
        Roll back
      </Button>
      <Menu
        align="end"
        width={260}
        trigger={
          <IconButton kind="plain" label={`More actions on ${service.name}`}>
            <Ellipsis />
          </IconButton>
        }
      >
        {deeds.slice(2, 4).map(({ id, title, icon, reason, run }) => (
          <MenuItem key={id} icon={icon} reason={reason ?? null} onSelect={run}>
            {title}
          </MenuItem>
        ))}
        {deeds.slice(5).map(({ id, title, icon, reason, run }) => (
          <MenuItem key={id} icon={icon} reason={reason ?? null} onSelect={run}>
            {title}
          </MenuItem>
        ))}
        <MenuLine />
        <MenuItem bad icon={<Power />} reason={reasons.kill} onSelect={() => setOpen('kill')}>
          {label('Stop')}
        </MenuItem>
      </Menu>
      {open === 'deploy' && <DeployDialog at={at} onDismiss={dismiss} />}
      {open === 'scale' && <ScaleDialog at={at} settings={service.settings} onDismiss={dismiss} />}
      {open === 'rollback' && (
        <RollbackDialog
          at={at}
          {...(before !== undefined && { to: before })}
          from={deployments?.find(({ current }) => current)?.id}
          onDismiss={dismiss}
        />
      )}
      {open === 'kill' && <KillDialog at={at} onDismiss={dismiss} />}
      {open === 'reset' && environment?.parent != null && (
        <ResetDialog at={at} parent={environment.parent} onDismiss={dismiss} />
      )}
    </div>
  )
}

/** Restarting is at once, and said by a toast: it loses no request. */
export function useRestart(at: OfService): { run: () => void; busy: boolean } {
  const trpc = useTRPC()
  const { mutate, isPending } = useMutation(
    trpc.deployments.restart.mutationOptions({
      onSuccess: () =>
        toastDone(`${at.service} restarts`, {
          description: `With the variables and settings of now, in ${at.environment}. No request is lost.`,
        }),
      onError: toastError,
    }),
  )
  return { run: () => mutate(at), busy: isPending }
}

/** Why not, by permission, by whose copy serves here, and by its state; null when it can be. */
export function useReasons(at: OfService, service: Service) {
  const may = useMay()
  const environment = useEnvironment()
  const deploy = may('service.deploy')
  const isBare =
    service.laptop !== null &&
    service.from === at.environment &&
    environment?.overrides.some((one) => one.serviceId === service.id) !== true
  const elsewhere =
    isBare && service.laptop !== null
      ? `It runs on ${spokenLaptop(service.laptop.by)}, and nothing is deployed to ${at.environment}`
      : service.from !== null && service.from !== at.environment
        ? `${at.environment} has no override: it inherits this service from ${service.from}`
        : service.from === null
          ? 'It has never been deployed here'
          : null
  const by = (deed: keyof typeof serviceCan) => {
    const can = serviceCan[deed](service.state)
    return can === true ? null : `Not while it is ${service.state}`
  }
  return {
    deploy,
    restart: deploy ?? elsewhere ?? by('restart'),
    scale:
      deploy ??
      elsewhere ??
      (service.locked.includes('instances') ? 'The number of instances is set in m3o.json' : by('scale')),
    rollback: deploy ?? elsewhere ?? by('rollback'),
    kill: deploy ?? elsewhere ?? by('kill'),
    exec:
      may('service.exec') ?? (service.laptop === null ? by('exec') : `It runs on ${spokenLaptop(service.laptop.by)}`),
    reset: may('environment.write'),
  }
}
