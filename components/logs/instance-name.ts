import { isLaptopName } from '#contract/laptop-names.ts'

/** As it is shown: the end of an id, which tells it from others; a laptop's says whose it is. */
export const instanceName = (id: string): string => (isLaptopName(id) ? id : id.slice(-6))
