import { LifeboatError } from '../../errors.ts';
import type { Check, Finding } from '../../format/proof.ts';
import { withSession } from '../../postgres/connect.ts';
import type { ConnectionTarget } from '../../postgres/url.ts';
import { ran } from './check.ts';

export interface Assertion {
  readonly name: string;
  readonly sql: string;
}

/**
 * Reads `name: SELECT …`.
 * @throws LifeboatError `bad-option`
 */
export function parseAssertion(text: string): Assertion {
  const [, name, sql] = /^([^:]+):\s*(.+)$/s.exec(text.trim()) ?? [];
  if (name !== undefined && sql !== undefined) return { name: name.trim(), sql: sql.trim().replace(/;\s*$/, '') };
  throw new LifeboatError(
    'bad-option',
    `The assertion ${JSON.stringify(text)} has no name.`,
    'Write a name, a colon and a query that returns true: --assert "orders are recent: SELECT max(placed_at) > $1::timestamptz - interval \'1 day\' FROM orders".',
  );
}

/** Runs the user's own assertions, each read-only, with the time of the snapshot as $1. */
export async function checkAssertions(
  target: ConnectionTarget,
  assertions: readonly Assertion[],
  snapshotAt: string,
  signal: AbortSignal,
): Promise<Check> {
  const findings: Finding[] = [];
  await withSession(target, { signal }, async (session) => {
    await session.query('SET default_transaction_read_only = on');
    for (const { name, sql } of assertions) {
      try {
        const rows = await session.queryValues(sql, /\$1\b/.test(sql) ? [snapshotAt] : []);
        const [row = []] = rows;
        if (rows.length !== 1 || row.length !== 1 || row[0] !== true)
          findings.push({ object: name, message: `returned ${describe(rows)} instead of true` });
      } catch (error) {
        if (!(error instanceof LifeboatError) || signal.aborted) throw error;
        findings.push({ object: name, message: error.message });
      }
    }
  });
  return ran({ name: 'assertions', examined: assertions.length, findings });
}

/** Never a row's value: an assertion may be over anything. */
function describe(rows: readonly unknown[][]): string {
  const [row = []] = rows;
  if (rows.length !== 1) return `${rows.length} rows`;
  if (row.length !== 1) return `${row.length} columns`;
  const [value] = row;
  return value === false ? 'false' : value === null ? 'NULL' : 'something that is not a boolean';
}
