import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';

const MIB = 1024 * 1024;

/**
 * Settings for a cluster that nobody will miss: nothing is made durable, nothing runs beside the restore, and memory goes to the building of
 * indexes. Memory leaves three quarters of the machine to others. https://www.postgresql.org/docs/current/non-durability.html
 */
export async function settingsFor(major: number): Promise<Record<string, string>> {
  const cores = availableParallelism();
  const memory = totalmem() / MIB;
  return {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
    wal_init_zero: 'off',
    wal_compression: 'off',
    wal_buffers: '64MB',
    // Enough to make checkpoints rare; more would only cost disk, as without fsync they are cheap.
    max_wal_size: '4GB',
    checkpoint_timeout: '1d',
    archive_mode: 'off',
    autovacuum: 'off',
    bgwriter_lru_maxpages: '0',
    shared_buffers: `${bounded(memory / 8, 64, 2048)}MB`,
    maintenance_work_mem: `${bounded(memory / 32, 64, 512)}MB`,
    work_mem: `${bounded(memory / 256, 8, 64)}MB`,
    max_parallel_maintenance_workers: String(bounded(cores - 1, 1, 4)),
    max_parallel_workers: String(bounded(cores, 2, 16)),
    max_worker_processes: String(bounded(cores + 4, 8, 32)),
    max_connections: '100',
    max_locks_per_transaction: '1024',
    huge_pages: 'off',
    jit: 'off',
    dynamic_shared_memory_type: await sharedMemoryType(),
    unix_socket_permissions: '0700',
    log_min_messages: 'warning',
    log_min_error_statement: 'panic',
    log_checkpoints: 'off',
    lc_messages: 'C',
    // A restored event trigger would fire at every login, and at what the checks themselves create.
    ...(major >= 17 ? { event_triggers: 'off' } : {}),
  };
}

/** A container's /dev/shm is 64 MB unless asked for more, which one parallel index build can use up. */
async function sharedMemoryType(): Promise<'posix' | 'mmap'> {
  if (process.platform !== 'linux') return 'posix';
  try {
    const { bavail, bsize } = await statfs('/dev/shm');
    return bavail * bsize >= 512 * MIB ? 'posix' : 'mmap';
  } catch {
    return 'mmap';
  }
}

function bounded(value: number, least: number, most: number): number {
  return Math.round(Math.min(most, Math.max(least, value)));
}
