/** What each limit does to a service. */
export const limitMeanings = {
  instances: 'Calls go to the instance with the fewest requests in flight.',
  idle: 'It stops after this time without calls. The next call starts it again and waits until it is ready.',
  memory: 'An instance that uses more is restarted.',
  cpu: 'CPU limit in cores; 0.5 is half a core.',
  health: 'A new instance gets calls once this path returns a status below 500 (404 counts).',
} as const
