/**
 * Settings given at every start, so that they come with the code and not with the folder. Small, because the whole
 * platform at rest has 300 MiB; durable, because what was acknowledged must survive a power loss.
 */
export function configuration(base: string): string[] {
  return Object.entries({
    listen_addresses: '',
    unix_socket_directories: base,
    unix_socket_permissions: '0700',
    max_connections: 60,
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    shared_buffers: '24MB',
    huge_pages: 'off',
    work_mem: '2MB',
    maintenance_work_mem: '16MB',
    wal_buffers: '1MB',
    min_wal_size: '32MB',
    max_wal_size: '256MB',
    // Nothing here replicates; each of these would be a process or memory for nothing.
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_logical_replication_workers: 0,
    max_parallel_workers: 0,
    max_parallel_workers_per_gather: 0,
    max_parallel_maintenance_workers: 0,
    max_worker_processes: 1,
    autovacuum_max_workers: 1,
    io_method: 'sync',
    jit: 'off',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
  }).map(([name, value]) => `${name}=${value}`)
}
