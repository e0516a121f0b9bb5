import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import '#styles/console.css'
import type { Metadata, Viewport } from 'next'
import { cookies, headers } from 'next/headers'
import type { ReactNode } from 'react'
import { Providers } from '#components/frame/providers.tsx'
import { themeCookie } from '#components/frame/theme-cookie.ts'
import { ThemeScript } from '#components/frame/theme-script.tsx'

export const metadata: Metadata = { title: { default: 'M3O', template: '%s · M3O' }, icons: { icon: '/icon.svg' } }
export const viewport: Viewport = { colorScheme: 'light dark', viewportFit: 'cover' }

export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = (await cookies()).get(themeCookie)?.value
  const nonce = (await headers()).get('x-nonce') ?? ''
  return (
    <html lang="en" suppressHydrationWarning {...((theme === 'light' || theme === 'dark') && { 'data-theme': theme })}>
      <body>
        <ThemeScript nonce={nonce} />
        <Providers>{children}</Providers>
      </body>
    </html>
  )
}
