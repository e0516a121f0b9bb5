import { runServer } from './main.ts'

// What `npm start` runs: the parent alone, without the rest of the command and its memory.
process.exit(await runServer())
