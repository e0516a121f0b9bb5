import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import '#styles/console.css'
import type { Metadata, Viewport } from 'next'
import localFont from 'next/font/local'
import { cookies, headers } from 'next/headers'
import type { ReactNode } from 'react'
import { Providers } from '#components/frame/providers.tsx'
import { themeCookie } from '#components/frame/theme-cookie.ts'
import { ThemeScript } from '#components/frame/theme-script.tsx'

/** The font of nearly every word, asked for with the page; other scripts' parts of it come with the style sheet, when they are met. */
const inter = localFont({
  src: '../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
  weight: '100 900',
  variable: '--font-inter',
  adjustFontFallback: 'Arial',
})

export const metadata: Metadata = { title: { default: 'M3O', template: '%s · M3O' }, icons: { icon: '/icon.svg' } }
export const viewport: Viewport = { colorScheme: 'light dark', viewportFit: 'cover' }

export default async function RootLayout({ children }: { children: ReactNode }) {
  const theme = (await cookies()).get(themeCookie)?.value
  const nonce = (await headers()).get('x-nonce') ?? ''
  return (
    <html
      lang="en"
      className={inter.variable}
      suppressHydrationWarning
      {...((theme === 'light' || theme === 'dark') && { 'data-theme': theme })}
    >
      <body>
        <ThemeScript nonce={nonce} />
        <Providers>{children}</Providers>
      </body>
    </html>
  )
}
