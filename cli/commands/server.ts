import type { Command } from 'commander'
import type { Run } from '../run.ts'
import { duration, show } from '../output.ts'

/** What concerns the platform of this machine, not one that is reached over the network. */
export function addServerCommands(program: Command, run: Run): void {
  program
    .command('server')
    .description('run the platform on this machine')
    .action(
      run(async () => {
        const { runServer } = await import('../server/main.ts')
        return runServer()
      }),
    )
  program
    .command('upgrade')
    .description('upgrade to the release in this checkout, without downtime for services')
    .action(
      run(async (session) => {
        const { runUpgrade } = await import('../server/upgrade.ts')
        const { url, tookMs } = await runUpgrade()
        show(session, { url, tookMs: Math.round(tookMs) }, `M3O is ready: ${url} (after ${duration(tookMs)})`)
      }),
    )

  program
    .command('backup <file>')
    .description('back up the platform on this machine to a file')
    .action(
      run(async (session, file: string) => {
        const { runBackup } = await import('../server/backup.ts')
        const written = await runBackup(file)
        show(
          session,
          written,
          `${written.file}: ${written.rows} rows of ${written.tables} tables and the services' files, ${(written.bytes / 1e6).toFixed(1)} MB. It holds every secret: keep it safe.`,
        )
      }),
    )

  program
    .command('restore <file>')
    .description('restore the platform on this machine from a backup')
    .option('--force', 'replace a platform that is in use')
    .action(
      run(async (session, file: string, options: { force?: boolean }) => {
        const { runRestore } = await import('../server/backup.ts')
        const { createdAt, version } = await runRestore(file, options)
        show(session, { createdAt, version }, `Restored as of ${createdAt} (M3O ${version}). Start it with: m3o server`)
      }),
    )

  program
    .command('key')
    .description('manage the encryption key of secrets: rotate')
    .command('rotate')
    .description('create a new key and encrypt all secrets with it')
    .action(
      run(async (session) => {
        const { key, sealed, unreadable } = await session.api.platform.rotateKey.mutate()
        const left =
          unreadable.length === 0
            ? ''
            : `\n${unreadable.length} values could not be decrypted with any available key and were left unchanged: ${unreadable.slice(0, 5).join(', ')}${unreadable.length > 5 ? ', …' : ''}. Set these secrets again, or add their key to $M3O_HOME/keys/secrets.key on a line of its own.`
        show(
          session,
          { key, sealed, ...(unreadable.length > 0 && { unreadable }) },
          `Rotated the key: ${sealed} values were encrypted again. The old key is deleted in a minute; older backups contain the key of their time.${left}`,
        )
      }),
    )

  program
    .command('doctor')
    .description('list problems and how to fix them')
    .action(
      run(async (session) => {
        const { diagnose, spoken } = await import('../doctor.ts')
        const found = await diagnose(session)
        show(session, found, () => spoken(found).join('\n'))
        return found.well ? 0 : 1
      }),
    )
}
