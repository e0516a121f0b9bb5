import { redirect } from 'next/navigation'
import { type InTeam, paths } from '#client/paths.ts'

export default async function EnvironmentHome({ params }: { params: Promise<InTeam> }) {
  redirect(paths.catalogue(await params))
}
