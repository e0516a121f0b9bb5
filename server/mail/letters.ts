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
    why: 'Open this link to confirm your address:',
    lasts: 'The link works once, for one day.',
  },
  email: {
    subject: 'Confirm your new address',
    why: 'Open this link to make this the address of your account:',
    lasts: 'The link works once, for one day.',
  },
  reset: {
    subject: 'Choose a new password',
    why: 'Open this link to choose a new password. All your sessions will end:',
    lasts: 'The link works once, for one hour.',
  },
  link: {
    subject: 'Your sign-in link',
    why: 'Open this link to sign in:',
    lasts: 'The link works once, for 15 minutes.',
  },
  'sign-up': {
    subject: 'Finish signing up',
    why: 'Open this link to finish signing up:',
    lasts: 'The link works once, for one day.',
  },
}

export function linkLetter(kind: LinkKind, { to, url, platform }: About): Letter {
  const { subject, why, lasts } = linkLetters[kind]
  return {
    to,
    subject: `${subject} · M3O`,
    text: `${why}\n\n${url}\n\n${lasts} If you did not request this, ignore this message: nothing happens without the link.\n\nM3O at ${platform}\n`,
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
    text: `${by} invites you to the team ${team}, as ${data.role}. Open this link to join:\n\n${url}\n\nThe link works once, for one week, and only for this address.\n\nM3O at ${platform}\n`,
  }
}

/** Words of what happened to an account, for the person who may not have done it. */
const notices: Readonly<Record<string, string>> = {
  password: 'The password of your account was changed.',
  claimed:
    'You confirmed that this address is yours. An account with this address already existed; it is yours now. Its password, passkeys, linked accounts, sessions and tokens were removed. Check its teams, and leave those that you do not know.',
  email: 'The address of your account was changed to another address. It is no longer this one.',
  'second factor': 'A second factor was added to your account. Signing in with your password now requires it.',
  'second factor removed': 'A second factor was removed from your account.',
  'linked account':
    'An account at another provider was linked to yours: anyone who signs in there is signed in as you.',
  'account exists':
    'Someone, perhaps you, tried to sign up with this address. You already have an account: sign in, or choose a new password there.',
}

export function noticeLetter({ to, platform, data }: About): Letter {
  const what = notices[data.what ?? ''] ?? 'Your sign-in settings were changed.'
  return {
    to,
    subject: 'About your account · M3O',
    text: `${what}\n\nIf this was not you, choose a new password at ${platform}/sign-in/forgot, which ends all sessions, and tell your operator.\n\nM3O at ${platform}\n`,
  }
}
