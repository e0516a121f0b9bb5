const maxSlug = 24

/** `laptop-ada-7kq2`: an instance whose name says whose laptop it is. */
export function laptopName(person: { name: string; email: string }, random: string): string {
  const slug = (text: string) =>
    text
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, maxSlug)
      .replace(/-+$/, '')
  return `laptop-${slug(person.name) || slug(person.email.split('@')[0] ?? '') || 'somebody'}-${random}`
}

export const isLaptopName = (text: string): boolean => /^laptop-[a-z0-9-]{1,40}$/.test(text)

/** "Ada's laptop". */
export const spokenLaptop = (by: { name: string; email: string }): string => `${by.name || by.email}'s laptop`
