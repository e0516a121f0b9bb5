import type { LinkKind } from '#contract/people.ts'
import type { Letter } from './mailer.ts'

interface About {
  to: string
  url: string
  platform: string
  data: Record<string, string>
}

const linkLetters: Readonly<Record<LinkKind, { subject: string; why: string; lasts: string }>> = {
  verify: {
    subject: 'Confirm your address',
    why: 'Open this to confirm that this is your address:',
    lasts: 'It works once, for a day.',
  },
  email: {
    subject: 'Confirm your new address',
    why: 'Open this to make this the address of your account:',
    lasts: 'It works once, for a day.',
  },
  reset: {
    subject: 'Choose a new password',
    why: 'Open this to choose a new password. It ends all your sessions:',
    lasts: 'It works once, for an hour.',
  },
  link: { subject: 'Your sign-in link', why: 'Open this to sign in:', lasts: 'It works once, for 15 minutes.' },
  'sign-up': {
    subject: 'Finish signing up',
    why: 'Open this to finish signing up:',
    lasts: 'It works once, for a day.',
  },
}

export function linkLetter(kind: LinkKind, { to, url, platform }: About): Letter {
  const { subject, why, lasts } = linkLetters[kind]
  return {
    to,
    subject: `${subject} · M3O`,
    text: `${why}\n\n${url}\n\n${lasts} Did you not ask for it? Then do nothing: without the link, nothing happens.\n\nM3O at ${platform}\n`,
  }
}

/** A name in a letter, of which no mail program makes a link, and which is no letter of its own. */
export function nameInLetter(name: string): string {
  const plain = name
    .replace(/[^\p{L}\p{M}\p{N}\p{Emoji}' ’(),-]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  return [...plain].slice(0, 60).join('').trim() || 'Somebody'
}

export function invitationLetter({ to, url, platform, data }: About): Letter {
  const [by, team] = [nameInLetter(data.by ?? ''), nameInLetter(data.team ?? '')]
  return {
    to,
    subject: `${by} invites you to ${team} · M3O`,
    text: `${by} invites you to the team ${team}, as ${data.role}. Open this to join:\n\n${url}\n\nIt works once, for a week, and for this address only.\n\nM3O at ${platform}\n`,
  }
}

/** Words of what happened to an account, for the person who may not have done it. */
const notices: Readonly<Record<string, string>> = {
  password: 'The password of your account was changed.',
  claimed:
    'You have proved that this address is yours. Somebody, maybe you, had made an account with it before: it is yours now. Its password, passkeys, linked accounts, sessions and tokens were removed. Look at the teams that it is in, and leave those that you do not know.',
  email: 'The address of your account was changed to another one. This one is no longer its address.',
  'second factor': 'A second factor was added to your account: signing in by password asks for it from now on.',
  'second factor removed': 'A second factor was removed from your account.',
  'linked account': 'An account at another provider was linked to yours: whoever signs in there is signed in as you.',
  'account exists':
    'Somebody, maybe you, tried to sign up with this address. You have an account already: sign in, or choose a new password there.',
}

export function noticeLetter({ to, platform, data }: About): Letter {
  const what = notices[data.what ?? ''] ?? 'Something about how you sign in was changed.'
  return {
    to,
    subject: 'About your account · M3O',
    text: `${what}\n\nWas it not you? Choose a new password at ${platform}/sign-in/forgot, which ends all sessions, and tell your operator.\n\nM3O at ${platform}\n`,
  }
}
