import type { Stack } from './stack.ts'
import { Shell } from './command.ts'

/** Somebody new in the owner's team, at a shell of their own; out of the team again at the end. */
export async function personAt(
  stack: Stack,
  owner: Shell,
  { name, role }: { name: string; role: 'developer' | 'admin' },
) {
  const email = `${name}@example.com`
  const password = 'a password of theirs'
  const { link } = await owner.json<{ link: string }>(['invite', 'create', email, '--role', role])
  const shell = await Shell.open(stack)
  await shell.json(['invite', 'accept', link, '--name', name, '--password-stdin'], { input: `${password}\n` })
  await shell.json(['login', '--email', email, '--password-stdin'], { input: `${password}\n` })
  return {
    shell,
    email,
    async [Symbol.asyncDispose]() {
      await shell[Symbol.asyncDispose]()
      await owner.json(['member', 'remove', email])
    },
  }
}
