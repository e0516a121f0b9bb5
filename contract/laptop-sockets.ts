/** How the gateway reaches laptops, and they it: sockets below `$M3O_HOME`. See laptops.ts. */

/** The file name, in `$M3O_HOME/run/laptops`, of the socket on which a run's process is reached. */
export const laptopSocket = (instance: string, run: number): string => `${instance}.${run}.sock`
export const laptopFolder = 'run/laptops'
/** Of what it accepts web first says this one byte, once the local process has accepted as well: none was lost before. */
export const laptopReady = 0x06
/** Where the gateway takes laptops' calls to others. */
export const laptopCalls = 'run/gateway-laptops.sock'
/** Stands for the revision in `M3O-Served-By`. */
export const laptopRevision = 'laptop'
