/** What each limit does to a service. */
export const limitMeanings = {
  instances: 'Calls go to the one with the least under way.',
  idle: 'Without a call for that long it stops; the next call wakes it, and waits for that.',
  memory: 'An instance that takes more is ended and started again.',
  cpu: 'It is slowed down beyond this; 0.5 is half of one.',
  health: 'A new instance gets calls once this answers anything below 500; 404 counts.',
} as const
