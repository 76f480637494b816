import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll } from 'vitest';
import { type BackupResult, backup } from '../../src/backup/backup.ts';
import { type Context, silentLog } from '../../src/context.ts';
import { type DrillResult, drill } from '../../src/drill/drill.ts';
import { backupOptions } from '../../src/options/backup.ts';
import { drillOptions } from '../../src/options/drill.ts';
import { restoreOptions } from '../../src/options/restore.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type RestoreResult, restore } from '../../src/restore/restore.ts';

export interface Recorded extends Context {
  /** Everything that was logged, line by line. */
  readonly lines: string[];
}

/** A context that keeps what is logged. The servers of the run are found even where PATH does not lead to them. */
export function recordingContext(signal: AbortSignal = new AbortController().signal): Recorded {
  const lines: string[] = [];
  return {
    lines,
    signal,
    environment: { ...process.env, LIFEBOAT_PG_BINDIR: bindirs() },
    log: {
      ...silentLog,
      info: (message) => lines.push(message),
      warn: (message) => lines.push(`warning: ${message}`),
      output: (program, line) => lines.push(`${program}: ${line}`),
    },
  };
}

/** A folder that goes after the file, as a store's URL. */
export async function temporaryStore(): Promise<{ url: string; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-store-'));
  folders.push(folder);
  return { url: pathToFileURL(folder).href, folder };
}

export function urlOf(target: ConnectionTarget): string {
  const password = target.password === null ? '' : `:${encodeURIComponent(target.password)}`;
  const host = target.host.startsWith('/') ? encodeURIComponent(target.host) : target.host;
  return `postgres://${encodeURIComponent(target.user)}${password}@${host}:${target.port}/${encodeURIComponent(target.database)}`;
}

export function runBackup(
  target: ConnectionTarget,
  storage: string,
  given: Record<string, unknown> = {},
  context: Context = recordingContext(),
): Promise<BackupResult> {
  return backup(backupOptions.parse({ databaseUrl: urlOf(target), storage, ...given }), context);
}

export function runDrill(
  database: string,
  storage: string,
  given: Record<string, unknown> = {},
  context: Context = recordingContext(),
): Promise<DrillResult> {
  return drill(drillOptions.parse({ database, storage, ...given }), context);
}

export function runRestore(
  database: string,
  storage: string,
  target: ConnectionTarget,
  given: Record<string, unknown> = {},
  context: Context = recordingContext(),
): Promise<RestoreResult> {
  return restore(restoreOptions.parse({ database, storage, targetUrl: urlOf(target), confirm: target.database, ...given }), context);
}

const folders: string[] = [];

function bindirs(): string {
  const pairs = (process.env['LIFEBOAT_TEST_PG_BINDIRS'] ?? '').split(':').filter((pair) => pair !== '');
  return [...pairs.map((pair) => pair.slice(pair.indexOf('=') + 1)), process.env['LIFEBOAT_PG_BINDIR'] ?? '']
    .filter((folder) => folder !== '')
    .join(':');
}

afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});
