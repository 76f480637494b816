import { randomBytes } from 'node:crypto';
import { afterAll, inject } from 'vitest';
import { type Session, withSession } from '../../src/postgres/connect.ts';
import { type ConnectionTarget, withDatabase } from '../../src/postgres/url.ts';
import type { Cluster } from './global-setup.ts';

export type { Cluster } from './global-setup.ts';

const made: { major: number; database: string }[] = [];

/** The majors that this run has a server of, oldest first. */
export function majors(): number[] {
  return inject('clusters').map(({ major }) => major);
}

/** The server of a major, or of the newest. */
export function clusterOf(major: number = Math.max(...majors())): Cluster {
  const cluster = inject('clusters').find((candidate) => candidate.major === major);
  if (!cluster) throw new Error(`this test run has no Postgres ${major}; it has ${majors().join(', ')}`);
  return cluster;
}

/** A database of the calling test file's own, empty or a copy of a template; dropped after the file. */
export async function freshDatabase(major: number, template = 'template0'): Promise<ConnectionTarget> {
  const { target } = clusterOf(major);
  const database = `t_${randomBytes(6).toString('hex')}`;
  await withSession(target, {}, async (session) => {
    // A session that has just been closed may still count for a moment.
    await whileBusy(() => session.query(`CREATE DATABASE ${database} TEMPLATE ${quoted(template)}`));
  });
  made.push({ major, database });
  return withDatabase(target, database);
}

/** Builds a database once in a run, whichever worker comes first; answers with the name to copy it by. `fill` must close its connections. */
export async function templateDatabase(major: number, name: string, fill: (target: ConnectionTarget) => Promise<void>): Promise<string> {
  const { target } = clusterOf(major);
  const template = `template_${name}`;
  await withSession(target, {}, async (session) => {
    await session.query('SELECT pg_advisory_lock(hashtext($1))', [template]);
    const [existing] = await session.query<{ datistemplate: boolean }>('SELECT datistemplate FROM pg_database WHERE datname = $1', [template]);
    if (existing?.datistemplate) return;
    if (existing) await session.query(`DROP DATABASE ${quoted(template)} WITH (FORCE)`);
    await session.query(`CREATE DATABASE ${quoted(template)} TEMPLATE template0`);
    await fill(withDatabase(target, template));
    // Only a finished one is marked, so that one half built by a failed test is built anew.
    await session.query(`ALTER DATABASE ${quoted(template)} IS_TEMPLATE true`);
  });
  return template;
}

/** One connection, one string of SQL, the rows of its last statement. */
export function runSql<Row = Record<string, unknown>>(target: ConnectionTarget, sql: string, values?: readonly unknown[]): Promise<Row[]> {
  return withSession(target, {}, (session) => session.query<Row>(sql, values));
}

afterAll(async () => {
  for (const { major, database } of made.splice(0)) {
    await withSession(clusterOf(major).target, {}, (session: Session) => session.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`));
  }
});

async function whileBusy(create: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await create();
      return;
    } catch (error) {
      const busy = error instanceof Error && 'details' in error && (error.details as { sqlstate?: string }).sqlstate === '55006';
      if (!busy || attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
