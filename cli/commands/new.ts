import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Command } from 'commander'
import { PlatformError } from '#contract/errors.ts'
import { serviceName } from '#contract/names.ts'
import { listTemplates, templateFiles } from '#templates/templates.ts'
import type { Run } from '../run.ts'
import { show } from '../output.ts'

export function addNewCommand(program: Command, run: Run): void {
  program
    .command('new <name>')
    .description('create a folder with a new service')
    .option('--template <template>', 'template', 'hello')
    .action(
      run(async (session, name: string, { template }: { template: string }) => {
        const parsed = serviceName.safeParse(name)
        if (!parsed.success)
          throw new PlatformError('invalid_name', parsed.error.issues[0]?.message ?? 'invalid service name', {
            fix: 'Choose a name such as hello.',
          })
        const known = listTemplates().map((one) => one.name)
        if (!known.includes(template))
          throw new PlatformError('not_found', `template ${template} does not exist`, {
            fix: `Choose one of ${known.join(', ')}.`,
          })
        const folder = resolve(name)
        if (existsSync(folder))
          throw new PlatformError('name_taken', `${folder} already exists`, {
            fix: 'Choose another name, or remove the folder.',
          })
        const files = await templateFiles(template, name)
        await write(folder, files)
        show(
          session,
          { service: name, folder, files: files.map((file) => file.path) },
          `Created ${folder}. Next:\n  cd ${name}\n  m3o deploy`,
        )
      }),
    )
}

/** All of it, or nothing. */
async function write(folder: string, files: { path: string; content: string | Uint8Array }[]): Promise<void> {
  const fresh = `${folder}.${process.pid}.new`
  try {
    for (const { path, content } of files) {
      await mkdir(dirname(join(fresh, path)), { recursive: true })
      await writeFile(join(fresh, path), content)
    }
    await rename(fresh, folder)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    throw error
  }
}
