import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { ReindexOptions } from '../../options/reindex.ts';
import type { Session } from '../../postgres/connect.ts';
import type { Store } from '../../storage/store.ts';
import type { Ledger } from './ledger.ts';
import { type Candidate, NORMAL_RATIO } from './plan.ts';
import { findIndex } from './read.ts';

export interface Choice {
  readonly candidates: readonly Candidate[];
  /** The report that was read; `null` for none. */
  readonly report: string | null;
}

/** Every index that was asked for, once; of partitioned ones their leaves. Throws `unknown-index`. */
export async function chooseCandidates(
  control: Session,
  options: ReindexOptions,
  ledger: Ledger,
  _store: Store | null,
  _context: Context,
): Promise<Choice> {
  const chosen = new Map<number, Candidate>();
  for (const name of options.index) {
    const found = await findIndex(control, splitName(name));
    if (found.length === 0) throw unknownIndex(name);
    for (const { facts, leafOf } of found) {
      const threshold = ledger.thresholdOf(facts) ?? NORMAL_RATIO;
      chosen.set(facts.oid, { facts, leafOf, named: true, prediction: null, threshold });
    }
  }
  return { candidates: [...chosen.values()], report: null };
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
