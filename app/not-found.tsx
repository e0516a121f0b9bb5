import type { Metadata } from 'next'
import { paths } from '#client/paths.ts'
import { Gate } from '#components/people/gate.tsx'
import { buttonStyle } from '#components/ui/button-style.ts'

export const metadata: Metadata = { title: 'Not found' }

export default function NotFound() {
  return (
    <Gate
      title="There is nothing here"
      about="The address may be mistyped, or what it names was deleted, or you are not in the team that owns it."
    >
      <a className={buttonStyle('primary')} href={paths.home()}>
        Go to the console
      </a>
    </Gate>
  )
}
