import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { ReindexOptions } from '../../options/reindex.ts';
import type { Session } from '../../postgres/connect.ts';
import { displayName, quoteIdentifier } from '../../postgres/identifiers.ts';
import { areTwoClusters } from '../../postgres/inventory.ts';
import type { Store } from '../../storage/store.ts';
import { NORMAL_RATIO } from '../bloat/bloat.ts';
import type { IndexReport } from '../report.ts';
import type { Ledger } from './ledger.ts';
import type { Candidate, Prediction } from './plan.ts';
import { findIndex } from './read.ts';
import { readReport } from './report-source.ts';

export interface Choice {
  readonly candidates: readonly Candidate[];
  /** The report that was read; `null` for none. */
  readonly report: string | null;
}

/** Every index that was asked for, once; of partitioned ones their leaves. Throws `unknown-index`, and what a report that is none throws. */
export async function chooseCandidates(
  control: Session,
  {
    systemIdentifier,
    ...options
  }: Pick<ReindexOptions, 'index' | 'fromReport'> & { readonly database: string; readonly systemIdentifier: string | null },
  ledger: Ledger,
  store: Store | null,
  { log, signal }: Context,
): Promise<Choice> {
  const chosen = new Map<number, Candidate>();
  const thresholdOf = (index: IndexName) => ledger.thresholdOf(index) ?? NORMAL_RATIO;
  const source = options.fromReport === undefined ? null : await readReport(options.fromReport, store, options.database, signal);
  if (source !== null) assertSameServer(source.report, systemIdentifier);
  for (const { index, prediction } of source === null ? [] : bloatedIn(source.report)) {
    const found = await findIndex(control, index);
    if (found.length === 0) log.info(`${displayName(index)} is gone since the report was made.`);
    for (const { facts, leafOf } of found) chosen.set(facts.oid, { facts, leafOf, named: false, prediction, threshold: thresholdOf(facts) });
  }
  for (const name of options.index) {
    const found = await findIndex(control, splitName(name));
    if (found.length === 0) throw await unknownIndex(control, name);
    for (const { facts, leafOf } of found) {
      const prediction = chosen.get(facts.oid)?.prediction ?? null;
      chosen.set(facts.oid, { facts, leafOf, named: true, prediction, threshold: thresholdOf(facts) });
    }
  }
  return { candidates: [...chosen.values()], report: source?.key ?? null };
}

function assertSameServer({ database, server }: IndexReport, systemIdentifier: string | null): void {
  if (!areTwoClusters(server.systemIdentifier, systemIdentifier)) return;
  throw new LifeboatError(
    'bad-option',
    `--from-report: the report is of ${database} on another server: its sizes are not those of the indexes here.`,
    'Make a report of this one with lifeboat indexes.',
  );
}

interface IndexName {
  readonly schema: string;
  readonly name: string;
}

/** What the report calls bloated and would tell somebody of, with the size that it predicts. */
function bloatedIn({ at, findings, indexes }: IndexReport): { index: IndexName; prediction: Prediction | null }[] {
  return findings.flatMap(({ kind, level, index }) => {
    if (kind !== 'bloated' || level === 'info' || index === null) return [];
    const bloat = indexes.find(({ schema, name }) => schema === index.schema && name === index.name)?.bloat ?? null;
    return [{ index, prediction: bloat === null ? null : { ...bloat, evidence: [`The report of ${at} said so.`] } }];
  });
}

/** `shop.orders_idx`, `"My Schema"."my.idx"`: with its schema, as SQL writes it. Throws `bad-option`. */
export function splitName(text: string): { schema: string; name: string } {
  const part = '("(?:[^"]|"")+"|[^".\\s]+)';
  const [, schema, name] = new RegExp(`^${part}\\.${part}$`).exec(text.trim()) ?? [];
  if (schema === undefined || name === undefined) {
    throw new LifeboatError(
      'bad-option',
      `--index: ${text} is not the name of an index with its schema.`,
      'Write SCHEMA.INDEX, like public.orders_idx.',
    );
  }
  return { schema: unquoted(schema), name: unquoted(name) };
}

function unquoted(part: string): string {
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

async function unknownIndex(control: Session, name: string): Promise<LifeboatError> {
  const { schema, name: index } = splitName(name);
  const [found] = await control.query(
    'SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relname = $2 AND c.relkind = $3',
    [quoteIdentifier(schema), index, 'I'],
  );
  if (found !== undefined)
    return new LifeboatError(
      'unknown-index',
      `${name} is of a partitioned table, and no partition has an index that is attached to it: there is nothing to rebuild.`,
      'Name another index.',
    );
  return new LifeboatError(
    'unknown-index',
    `There is no index ${name}.`,
    "psql's \\di *.* lists them; a name with capital letters stands in double quotes.",
  );
}
