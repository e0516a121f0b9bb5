import { redirect } from 'next/navigation'
import { paths } from '#client/paths.ts'

export default async function TeamHome({ params }: { params: Promise<{ team: string }> }) {
  redirect(paths.catalogue({ team: (await params).team, environment: 'production' }))
}
