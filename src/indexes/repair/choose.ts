import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { ReindexOptions } from '../../options/reindex.ts';
import type { Session } from '../../postgres/connect.ts';
import { displayName } from '../../postgres/identifiers.ts';
import type { Store } from '../../storage/store.ts';
import type { IndexReport } from '../report.ts';
import type { Ledger } from './ledger.ts';
import { type Candidate, NORMAL_RATIO, type Prediction } from './plan.ts';
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
  options: Pick<ReindexOptions, 'index' | 'fromReport'> & { readonly database: string },
  ledger: Ledger,
  store: Store | null,
  { log, signal }: Context,
): Promise<Choice> {
  const chosen = new Map<number, Candidate>();
  const thresholdOf = (index: IndexName) => ledger.thresholdOf(index) ?? NORMAL_RATIO;
  const source = options.fromReport === undefined ? null : await readReport(options.fromReport, store, options.database, signal);
  for (const { index, prediction } of source === null ? [] : bloatedIn(source.report)) {
    const found = await findIndex(control, index);
    if (found.length === 0) log.info(`${displayName(index)} is gone since the report was made.`);
    for (const { facts, leafOf } of found) chosen.set(facts.oid, { facts, leafOf, named: false, prediction, threshold: thresholdOf(facts) });
  }
  for (const name of options.index) {
    const found = await findIndex(control, splitName(name));
    if (found.length === 0) throw unknownIndex(name);
    for (const { facts, leafOf } of found) {
      const prediction = chosen.get(facts.oid)?.prediction ?? null;
      chosen.set(facts.oid, { facts, leafOf, named: true, prediction, threshold: thresholdOf(facts) });
    }
  }
  return { candidates: [...chosen.values()], report: source?.key ?? null };
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
  return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase();
}

function unknownIndex(name: string): LifeboatError {
  return new LifeboatError(
    'unknown-index',
    `There is no index ${name}.`,
    "psql's \\di *.* lists them; a name with capital letters stands in double quotes.",
  );
}
