/** Who may get an account: anyone who can read mail at the address they say, who was invited, or nobody. */
export const signUps = ['open', 'invitation', 'closed'] as const
export type SignUp = (typeof signUps)[number]

/** As the platform keeps it among the facts about itself, under `sign-up`; until an operator chose, by invitation. */
export const signUpFact = 'sign-up'
export const signUpOf = (kept: unknown): SignUp => signUps.find((each) => each === kept) ?? 'invitation'

/** Links that are sent to an address, and prove that whoever opens one reads what is sent there. */
export const linkKinds = ['verify', 'email', 'reset', 'link', 'sign-up'] as const
export type LinkKind = (typeof linkKinds)[number]

/** Besides links: a sign-in that waits for its second factor, a challenge to a passkey, a provider about to be linked. */
export type CodeKind = LinkKind | 'second' | 'challenge' | 'linking'

/** An invitation carries its own link; a notice has none. */
export type MessageKind = LinkKind | 'invitation' | 'notice'
