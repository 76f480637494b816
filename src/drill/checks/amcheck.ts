import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { Check, Finding } from '../../format/proof.ts';
import { withSession } from '../../postgres/connect.ts';
import { displayName, quoteIdentifier } from '../../postgres/identifiers.ts';
import { eachInSessions } from '../../postgres/sessions.ts';
import { liftTimeouts } from '../../postgres/snapshot.ts';
import type { ConnectionTarget } from '../../postgres/url.ts';
import { notRun, ran } from './check.ts';

interface Btree {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/**
 * amcheck's bt_index_check with heapallindexed on every B-tree, those of TOAST tables too: the tree is sound, and every row is in it.
 * The extension is made in the throwaway database, so this comes after everything that looks at its schema.
 */
export async function checkBtrees(target: ConnectionTarget, sessions: number, context: Context): Promise<Check> {
  const { signal, log } = context;
  const schema = await withSession(target, { signal }, async (session) => {
    // Restored event triggers are somebody else's code; before Postgres 17 this is the only way not to fire them.
    await session.query(`
      SELECT pg_catalog.set_config('session_replication_role', 'replica', false) FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper
    `);
    await session.query('CREATE EXTENSION IF NOT EXISTS amcheck');
    const [row] = await session.query<{ schema: string; allowed: boolean }>(`
      SELECT n.nspname AS schema,
             pg_catalog.has_function_privilege(pg_catalog.format('%I.bt_index_check(regclass, boolean)', n.nspname), 'EXECUTE') AS allowed
        FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'
    `);
    return row?.allowed === true ? row.schema : null;
  }).catch((error) => {
    if (error instanceof LifeboatError && !signal.aborted) return error;
    throw error;
  });
  if (schema instanceof LifeboatError) return notRun('amcheck', `the extension amcheck cannot be made on this server: ${schema.message}`);

  if (schema === null) return notRun('amcheck', 'the role may not run bt_index_check on this server');

  const { btrees, others } = await withSession(target, { signal }, async (session) => ({
    btrees: await session.query<Btree>(BTREES_SQL),
    others: await session.query<{ method: string; count: number }>(OTHERS_SQL),
  }));
  const findings: Finding[] = [];
  let done = 0;
  await eachInSessions(target, { sessions, signal, prepare: liftTimeouts }, btrees, async (session, index) => {
    try {
      await session.query(`SELECT ${quoteIdentifier(schema)}.bt_index_check($1::oid::regclass, true)`, [index.oid]);
    } catch (error) {
      if (!(error instanceof LifeboatError) || error.code !== 'query-failed') throw error;
      findings.push({ object: `index ${displayName(index)}`, message: error.message });
    }
    done++;
    log.progress({ phase: 'verify indexes', done, total: btrees.length, unit: 'indexes' });
  });
  const skipped = others.map(({ method, count }) => ({
    object: `${count} ${method} ${count === 1 ? 'index' : 'indexes'}`,
    reason: 'amcheck reads B-trees',
  }));
  return ran({ name: 'amcheck', examined: btrees.length, findings, skipped });
}

const BTREES_SQL = `
  SELECT x.oid::int8::float8 AS oid, n.nspname AS schema, x.relname AS name
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
    JOIN pg_catalog.pg_am m ON m.oid = x.relam
   WHERE x.relkind = 'i' AND m.amname = 'btree' AND i.indisvalid AND n.nspname <> 'information_schema'
     AND (n.nspname !~ '^pg_'
          OR EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
                      WHERE c.reltoastrelid = i.indrelid AND cn.nspname !~ '^pg_' AND cn.nspname <> 'information_schema'))
   ORDER BY pg_catalog.pg_relation_size(x.oid) DESC
`;

const OTHERS_SQL = `
  SELECT m.amname AS method, pg_catalog.count(*)::int AS count
    FROM pg_catalog.pg_class x
    JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
    JOIN pg_catalog.pg_am m ON m.oid = x.relam
   WHERE x.relkind = 'i' AND m.amname <> 'btree' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   GROUP BY 1 ORDER BY 1
`;
