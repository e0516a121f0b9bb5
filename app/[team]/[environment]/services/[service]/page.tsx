import { redirect } from 'next/navigation'
import { type OfService, paths } from '#client/paths.ts'

export default async function ServiceHome({ params }: { params: Promise<OfService> }) {
  redirect(paths.service(await params))
}
