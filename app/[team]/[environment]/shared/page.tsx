import { redirect } from 'next/navigation'
import { type InTeam, paths } from '#client/paths.ts'

/** What others share stands in the catalogue; this address is only the beginning of theirs. */
export default async function Shared({ params }: { params: Promise<InTeam> }) {
  redirect(paths.catalogue(await params))
}
