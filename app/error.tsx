'use client'
import { paths } from '#client/paths.ts'
import { ButtonLink } from '#components/ui/button.tsx'
import { ScreenError, type ScreenErrorProps } from '#components/frame/screen-error.tsx'

export default function PageError(props: ScreenErrorProps) {
  return <ScreenError {...props} action={<ButtonLink href={paths.home()}>Go to the console</ButtonLink>} />
}
