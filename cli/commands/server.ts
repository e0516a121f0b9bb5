import type { Command } from 'commander'
import type { Run } from '../run.ts'
import { duration, show } from '../output.ts'

/** What concerns the platform of this machine, not one that is reached over the network. */
export function addServerCommands(program: Command, run: Run): void {
  program
    .command('server')
    .description('run the platform here')
    .action(
      run(async () => {
        const { runServer } = await import('../server/main.ts')
        return runServer()
      }),
    )
  program
    .command('upgrade')
    .description('take up the release that is here by now, such as after git pull; services and calls go on')
    .action(
      run(async (session) => {
        const { runUpgrade } = await import('../server/upgrade.ts')
        const { url, tookMs } = await runUpgrade()
        show(session, { url, tookMs: Math.round(tookMs) }, `M3O is ready: ${url} (after ${duration(tookMs)})`)
      }),
    )

  program
    .command('backup <file>')
    .description("all that this machine's platform holds, into one file")
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
    .description("make this machine's platform what it was at a backup")
    .option('--force', 'replace one that is in use')
    .action(
      run(async (session, file: string, options: { force?: boolean }) => {
        const { runRestore } = await import('../server/backup.ts')
        const { createdAt, version } = await runRestore(file, options)
        show(session, { createdAt, version }, `Restored as of ${createdAt} (M3O ${version}). Start it with: m3o server`)
      }),
    )

  program
    .command('key')
    .description('the key that secrets are encrypted with: rotate')
    .command('rotate')
    .description('another one: all secrets are encrypted anew')
    .action(
      run(async (session) => {
        const { key, sealed, unreadable } = await session.api.platform.rotateKey.mutate()
        const left =
          unreadable.length === 0
            ? ''
            : `\n${unreadable.length} could not be read with any key that is here, and stay as they are: ${unreadable.slice(0, 5).join(', ')}${unreadable.length > 5 ? ', …' : ''}. Set these secrets anew, or put their key into $M3O_HOME/keys/secrets.key as a line of its own.`
        show(
          session,
          { key, sealed, ...(unreadable.length > 0 && { unreadable }) },
          `Secrets have another key: ${sealed} values were encrypted anew. The one before is deleted in a minute; older backups hold the key of their time.${left}`,
        )
      }),
    )

  program
    .command('doctor')
    .description('what is wrong and what to do')
    .action(
      run(async (session) => {
        const { diagnose, spoken } = await import('../doctor.ts')
        const found = await diagnose(session)
        show(session, found, () => spoken(found).join('\n'))
        return found.well ? 0 : 1
      }),
    )
}
