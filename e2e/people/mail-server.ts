import { once } from 'node:events'
import { SMTPServer } from 'smtp-server'

export interface Mail {
  to: string[]
  from: string
  subject: string
  text: string
}

export interface MailServer extends AsyncDisposable {
  /** For M3O_SMTP_URL. */
  url: string
  received: Mail[]
  /** Takes nothing until it is told otherwise. */
  refuse(refuses: boolean): void
  /** The newest to an address, once there is one; the test's own time-out ends it. */
  next(to: string, options?: { after?: number }): Promise<Mail>
}

/** A real SMTP server on a port of its own, which keeps what it is sent. */
export async function startMailServer(): Promise<MailServer> {
  const received: Mail[] = []
  let refuses = false
  const server = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onAuth: ({ username, password }, _, done) =>
      username === 'm3o' && password === 'of a test' ? done(null, { user: 'm3o' }) : done(new Error('wrong')),
    onMailFrom: (_address, _session, done) =>
      done(refuses ? Object.assign(new Error('try later'), { responseCode: 451 }) : null),
    onData(stream, session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          ...read(Buffer.concat(parts).toString()),
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
        })
        done()
      })
    },
  })
  server.on('error', () => {})
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as { port: number }
  return {
    url: `smtp://m3o:of%20a%20test@127.0.0.1:${port}`,
    received,
    refuse(now) {
      refuses = now
    },
    async next(to, { after = 0 } = {}) {
      for (;;) {
        const found = received.slice(after).findLast((mail) => mail.to.includes(to))
        if (found !== undefined) return found
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** The link in a letter, and the code behind its `#`. */
export function linkIn({ text }: Pick<Mail, 'text'>): { link: string; code: string } {
  const link = /https?:\/\/\S+/.exec(text)?.[0] ?? ''
  return { link, code: link.split('#')[1] ?? '' }
}

function read(raw: string): { subject: string; text: string } {
  const end = raw.indexOf('\r\n\r\n')
  const head = raw.slice(0, end).replace(/\r\n[ \t]+/g, ' ')
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
  const body = raw.slice(end + 4)
  const encoding = header('content-transfer-encoding').toLowerCase()
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString()
      : encoding === 'quoted-printable'
        ? fromQuoted(body)
        : body
  return { subject: decodedWords(header('subject')), text: text.replaceAll('\r\n', '\n') }
}

const fromQuoted = (text: string) =>
  Buffer.from(
    text
      .replace(/=\r\n/g, '')
      .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString()

/** RFC 2047. */
const decodedWords = (text: string) =>
  text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([qb])\?(.*?)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b' ? Buffer.from(word, 'base64').toString() : fromQuoted(word.replaceAll('_', ' ')),
    )
