import type { Metadata } from 'next'
import { paths } from '#client/paths.ts'
import { Gate } from '#components/people/gate.tsx'
import { buttonStyle } from '#components/ui/button-style.ts'

export const metadata: Metadata = { title: 'Not found' }

export default function NotFound() {
  return (
    <Gate
      title="Page not found"
      about="Check the address. The page may have been deleted, or may belong to a team that you are not in."
    >
      <a className={buttonStyle('primary')} href={paths.home()}>
        Go to the console
      </a>
    </Gate>
  )
}
