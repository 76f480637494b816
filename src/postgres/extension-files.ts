import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Installation } from './programs.ts';

/** Extensions that a server started from this installation offers; `null` where its files are not to be found. */
export async function listOfferedExtensions({ bindir, server }: Installation): Promise<string[] | null> {
  const root = dirname(bindir);
  const shares = [
    join(root, 'share', 'extension'),
    join(root, 'share', 'postgresql', 'extension'),
    `/usr/share/postgresql/${server?.major}/extension`,
  ];
  for (const share of shares) {
    const files = await readdir(share).catch((): string[] => []);
    // every server has it
    if (files.includes('plpgsql.control')) return files.flatMap((file) => /^(.+)\.control$/.exec(file)?.[1] ?? []);
  }
  return null;
}

/** Package names where they are not the extension's own: https://wiki.postgresql.org/wiki/Apt */
const PACKAGES: Readonly<Record<string, string>> = { vector: 'pgvector', postgis: 'postgis-3', postgis_topology: 'postgis-3', pg_cron: 'cron' };

/** The package of the PostgreSQL repository that most likely brings an extension. */
export function packageOf(extension: string, major: number): string {
  return `postgresql-${major}-${PACKAGES[extension] ?? extension.replaceAll('_', '-')}`;
}
