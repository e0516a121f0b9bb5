import { type Action, actions, roles } from './permissions.ts'
import { type Guard, guardingOf, guards, isEverywhere } from './protection.ts'

/** What each action is, for people; one without words does not compile. */
const meanings: Record<Action, string> = {
  'platform.start': 'set up, sign in, accept an invitation: each requires its own code or password',
  'platform.read': 'see platform health, and the audit log of actions outside of teams',
  'platform.write': "change the platform's own settings",
  'person.read': 'see your own profile, sessions and teams',
  'person.write': 'change your own name, password and sessions',
  'team.create': 'create a team, and become its owner',
  'team.read': 'see the team and its members',
  'team.write': 'rename the team, set its outbound network access',
  'team.delete': 'delete the team',
  'member.write': 'invite and remove members, set roles (only an owner can set the role owner)',
  'audit.read': 'read, export and verify the audit log',
  'token.read': 'see your own tokens (an admin: all tokens)',
  'token.write': 'create and revoke your own tokens (an admin: revoke any token)',
  'service.read': 'see services, endpoints, deployments, traffic',
  'service.call': 'call a service',
  'service.create': 'create a service',
  'service.write': 'describe and configure a service',
  'service.rename': 'rename a service, or take the former name of another',
  'service.deploy': 'deploy, roll back, restart, scale, stop; run it on a laptop instead',
  'service.exec': 'open a shell or run a command inside an instance',
  'service.share': "set a service's audience, rate limit and source access; deprecate it",
  'service.delete': 'delete a service, or give it to another team',
  'service.follow': "get notifications about other teams' services",
  'consumer.read': 'see consumers, their traffic and their requests',
  'consumer.ask': "request approval to call another team's service",
  'consumer.write': 'approve, decline, revoke and limit consumers',
  'source.read': "read source, history and other people's drafts",
  'source.write': 'edit your own draft, push',
  'log.read': 'read logs and traces',
  'variable.read': 'see variables and the names of secrets',
  'variable.write': 'set variables and secrets',
  'secret.read': 'read the values of secrets outside of the platform (`m3o pull`, `m3o dev`)',
  'environment.read': 'see environments, compare them, see promotions',
  'environment.create': 'create an environment, restore a deleted one',
  'environment.write': 'move, pin or keep an environment; remove its override of a service',
  'environment.admit': 'give other people access to a personal environment',
  'environment.delete': 'delete an environment',
  'environment.promote': "promote to an environment's parent, undo a promotion",
  'environment.protect': 'protect an environment',
}

const guardWords: Record<Guard | 'own', string> = {
  deploy: 'deploy',
  secrets: 'secrets',
  promote: 'promote',
  own: 'personal',
}
const levels = {
  nobody: 'everyone, signed in or not',
  person: 'everyone who is signed in',
  operator: 'platform operators',
} as const

/** docs/permissions.md: the table that decides, as people read it. */
export function permissionsPage(): string {
  const all = Object.keys(actions) as Action[]
  const ofTeams = all.filter((action) => (roles as readonly string[]).includes(actions[action]))
  const rest = all.filter((action) => !ofTeams.includes(action))
  return `# Permissions

Made from the code by \`npm run docs\`: [contract/permissions.ts](../contract/permissions.ts) is the table that decides, and
[contract/protection.ts](../contract/protection.ts) what an environment asks for beyond it. Every procedure, topic of the live socket,
route and token scope names one of these actions; [the matrix](../server/testing/matrix/matrix.test.ts) tries each as everybody.

## In a team

The resource is the team that owns it. Who is not in the team is told that it does not exist. *Protected* names what an
environment can ask for in addition.

| action | is to | ${roles.join(' | ')} | protected |
|---|---|${roles.map(() => ':-:').join('|')}|---|
${ofTeams.map((action) => `| \`${action}\` | ${meanings[action]} | ${roles.map((role) => (roles.indexOf(role) >= roles.indexOf(actions[action] as 'viewer') ? '✓' : '')).join(' | ')} | ${(guardingOf(action) ?? []).map((guard) => guardWords[guard]).join(', ')} |`).join('\n')}

Nobody gives more than they have: only an owner makes or unmakes an owner, and a team keeps at least one.

## Outside of teams

| action | is to | may |
|---|---|---|
${rest.map((action) => `| \`${action}\` | ${meanings[action]} | ${levels[actions[action] as keyof typeof levels]} |`).join('\n')}

The operator runs the platform; that gives nothing in a team. An operator who is in no team sees none.

## A protected environment

An admin can protect an environment (\`m3o env protect production\`), which then asks, of each of these, for a role, or to be one of the
people named there. The table above is asked first and always; whoever changes the protection must pass all of it.

| guard | guards |
|---|---|
${guards
  .map(
    (guard) =>
      `| ${guardWords[guard]} | ${all
        .filter((action) => guardingOf(action)?.includes(guard))
        .map((action) => `\`${action}\``)
        .join(', ')} |`,
  )
  .join('\n')}

What is done to a service itself (${all
    .filter(isEverywhere)
    .map((action) => `\`${action}\``)
    .join(', ')}) is asked in every protected environment in which
it was deployed. A new service, or another's new name, that takes the former name of such a service needs the same, as does giving a service to
a team whose production is protected, and bringing back an environment that was deleted.

A promotion asks in the environment that it goes into. Its protection can also ask for a second pair of eyes: who asks for the
promotion is then not who lets it go ([why so](decisions/a-second-pair-of-eyes.md)).

## A personal environment

It is its owner's. Of what a protected environment guards, nothing in it is anybody else's but theirs whom the owner lets in
(\`m3o env let-in NAME EMAIL\`), and the team's admins' and owners', whose acts are in the audit. Reading its code and its logs, comparing
it, and promoting from it into its parent, are as anywhere else in the team. When its owner leaves the team, admins act in it and delete it.
([why so](decisions/personal-environments.md))

## Tokens

A token never does more than its maker may at the moment, in its one team, and less by its scope:

- **actions**: \`service.call\`, all of a noun (\`service.*\`), all reading (\`*.read\`, which leaves out \`secret.read\`). They are spelled
  out when the token is made, so that an action that is added later is in no older token. Nothing outside of teams can be in it but
  \`person.read\`.
- **services** and **environments**: what is not of one of them is out of reach, and not told of.
- **expiry**, and a hash instead of the token itself; when it was last used is shown.

\`m3o login\` gives a token without limits, which acts as its person in all their teams. A machine's token belongs to the team instead of a
person ([how](decisions/a-machine-is-nobody.md)).
`
}
