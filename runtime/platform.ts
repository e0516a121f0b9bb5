import type { Logger } from 'pino'
import type { Db } from '#db/open.ts'
import type { Builds } from './builds/builds.ts'
import type { Disk } from './disk/disk.ts'
import type { Egresses } from './egress/egress.ts'
import type { Engine } from './engines/engine.ts'
import type { Events } from './events/events.ts'
import type { Laptops } from './laptops/laptops.ts'
import type { Logs } from './logs/logs.ts'
import type { Places } from './instances/places.ts'
import type { Routing } from './routing/routing.ts'
import type { Settings } from './settings.ts'
import type { Source } from './source/source.ts'
import type { Keyring } from './variables/seal.ts'

/** The parts of the runtime, made once in main.ts and handed to whoever acts. */
export interface Platform {
  settings: Settings
  log: Logger
  db: Db
  seal: Keyring
  events: Events
  engine: Engine
  egresses: Egresses
  logs: Logs
  source: Source
  builds: Builds
  disk: Disk
  routing: Routing
  places: Places
  laptops: Laptops
}
