import type { Transporter } from 'nodemailer'
import type { Settings } from '../settings.ts'

export interface Letter {
  to: string
  subject: string
  text: string
}

export interface Mailer {
  /** Of the server, for operators: never with its password. */
  host: string
  from: string
  /** Resolves once the server has taken it. */
  send(letter: Letter): Promise<void>
  close(): void
}

/** Over the SMTP server of the settings; undefined when there is none. Plain text only: nothing in a letter is markup. */
export function openMailer({ mail }: Pick<Settings, 'mail'>): Mailer | undefined {
  if (mail === undefined) return undefined
  const url = new URL(mail.url)
  // Loaded with the first letter: most of the time there is none.
  let transport: Promise<Transporter> | undefined
  const open = async () =>
    (await import('nodemailer')).createTransport({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (url.protocol === 'smtps:' ? 465 : 587) : Number(url.port),
      secure: url.protocol === 'smtps:',
      ...(url.username !== '' && {
        auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
      }),
      // A password never goes over a line that anybody can read, this machine's own apart.
      requireTLS: url.protocol === 'smtp:' && url.username !== '' && !isHere(url.hostname),
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 30_000,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  return {
    host: url.host,
    from: mail.from,
    async send({ to, subject, text }) {
      await (
        await (transport ??= open())
      ).sendMail({
        from: mail.from,
        to: { name: '', address: to },
        subject,
        text,
        headers: { 'auto-submitted': 'auto-generated' },
      })
    },
    close: () => void transport?.then((opened) => opened.close()),
  }
}

const isHere = (host: string) => host === 'localhost' || host === '[::1]' || host.startsWith('127.')
