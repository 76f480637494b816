import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { runSql } from './postgres.ts';

export interface AbsentExtension {
  readonly name: string;
  readonly schema: string;
  readonly script: string;
}

/**
 * Installs extensions from files that are there for as long as CREATE EXTENSION takes: no other server ever offers them.
 * @returns false where the server's folder of extensions cannot be written
 */
export async function installAbsent(database: ConnectionTarget, extensions: readonly AbsentExtension[]): Promise<boolean> {
  const [row] = await runSql<{ setting: string }>(database, "SELECT setting FROM pg_config WHERE name = 'SHAREDIR'");
  const at = (file: string) => join(row?.setting ?? '', 'extension', file);
  for (const { name, schema, script } of extensions) {
    const files = [at(`${name}.control`), at(`${name}--1.0.sql`)] as const;
    try {
      await writeFile(files[0], `default_version = '1.0'\nrelocatable = false\nschema = ${schema}\n`);
    } catch {
      return false;
    }
    try {
      await writeFile(files[1], script);
      await runSql(database, `CREATE EXTENSION "${name}"`);
    } finally {
      for (const file of files) await rm(file, { force: true });
    }
  }
  return true;
}
