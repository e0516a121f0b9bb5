import { notFound } from 'next/navigation'

/** An address that is no screen's, in an environment that there is: said within the frame. */
export default function Nowhere(): never {
  notFound()
}
