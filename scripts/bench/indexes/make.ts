import { type Session, withSession } from '../../../src/postgres/connect.ts';
import { type ConnectionTarget, withDatabase } from '../../../src/postgres/url.ts';
import { SHAPES_PRELUDE } from './other-shapes.ts';
import type { Shape } from './shapes.ts';

/** A table's name; its index has `_index` behind it. */
export function tableOf({ name }: Shape): string {
  return `shape_${name}`;
}

/** Makes a database with one table and one index for each shape; vacuumed and analyzed. */
export async function makeShapes(server: ConnectionTarget, name: string, shapes: readonly Shape[], rows: number): Promise<ConnectionTarget> {
  await withSession(server, {}, (session) => session.query(`CREATE DATABASE ${name} TEMPLATE template0`));
  const target = withDatabase(server, name);
  await fillShapes(target, shapes, rows);
  return target;
}

/** The same in an empty database that is there. */
export async function fillShapes(target: ConnectionTarget, shapes: readonly Shape[], rows: number): Promise<void> {
  await withSession(target, {}, async (session) => {
    await session.query(SHAPES_PRELUDE);
    await session.query('SELECT setseed(0.42)');
    for (const shape of shapes) await makeShape(session, shape, rows);
    await vacuum(session);
  });
}

async function makeShape(session: Session, shape: Shape, rows: number): Promise<void> {
  const n = Math.round(rows * (shape.scale ?? 1));
  await session.query(`CREATE TABLE ${tableOf(shape)} (${shape.columns})`);
  if (shape.fresh !== true) await createIndex(session, shape);
  await insert(session, shape, { from: 1, to: n, n });
  for (const statement of shape.churn ?? []) {
    await session.query(statement.replaceAll(/(UPDATE|FROM) t\b/g, `$1 ${tableOf(shape)}`));
    await session.query(`VACUUM ${tableOf(shape)}`);
  }
  if (shape.fresh === true) await createIndex(session, shape);
}

async function createIndex(session: Session, shape: Shape): Promise<void> {
  const name = tableOf(shape);
  await session.query(`CREATE ${shape.unique === true ? 'UNIQUE ' : ''}INDEX ${name}_index ${shape.index.replace('ON t ', `ON ${name} `)}`);
}

async function insert(session: Session, shape: Shape, { from, to, n }: { from: number; to: number; n: number }): Promise<void> {
  const values = shape.row.replaceAll(/\bn\b/g, String(n));
  await session.query(`INSERT INTO ${tableOf(shape)} SELECT ${values} FROM generate_series(${from}, ${to}) i`);
}

/** A week: 10 % inserted, 5 % deleted, 5 % updated, and what autovacuum does about it. */
export async function drift(target: ConnectionTarget, shapes: readonly Shape[], rows: number): Promise<void> {
  await withSession(target, {}, async (session) => {
    for (const shape of shapes) {
      const n = Math.round(rows * (shape.scale ?? 1));
      await session.query(`DELETE FROM ${tableOf(shape)} WHERE random() < 0.05`);
      await session.query(`UPDATE ${tableOf(shape)} SET ${shape.update} WHERE random() < 0.05`);
      await insert(session, shape, { from: n + 1, to: Math.round(n * 1.1), n });
    }
    await vacuum(session);
  });
}

/** Sizes of all indexes of a database after a REINDEX, by name: of a copy, which is dropped again. */
export async function reindexedSizes(server: ConnectionTarget, database: string): Promise<Map<string, number>> {
  const copy = `${database}_reindexed`;
  await withSession(server, {}, (session) => session.query(`CREATE DATABASE ${copy} TEMPLATE ${database}`));
  try {
    return await withSession(withDatabase(server, copy), {}, async (session) => {
      await session.query('REINDEX SCHEMA public');
      const rows = await session.query<{ name: string; bytes: number }>(
        "SELECT relname AS name, pg_relation_size(oid)::float8 AS bytes FROM pg_class WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace",
      );
      return new Map(rows.map(({ name, bytes }) => [name, bytes]));
    });
  } finally {
    await withSession(server, {}, (session) => session.query(`DROP DATABASE ${copy}`));
  }
}

/** Counters of what a session has just done arrive late, after those of its own ANALYZE, unless they are asked for. */
async function vacuum(session: Session): Promise<void> {
  await session.query('SELECT pg_stat_force_next_flush()');
  await session.query('VACUUM ANALYZE');
}
