'use client'
import { LateScreenError } from '#components/frame/late-screen-error.tsx'
import type { ScreenErrorProps } from '#components/frame/screen-error.tsx'

export default function PageError(props: ScreenErrorProps) {
  return <LateScreenError {...props} away />
}
