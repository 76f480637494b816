import type { Session } from '../../postgres/connect.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { countPages, findPgstattuple, type Pgstattuple } from '../catalogue/pgstattuple.ts';
import { type IndexStatistics, statisticsOf } from '../catalogue/statistics.ts';
import type { IndexFacts } from '../facts.ts';
import { type Bloat, type BloatReport, bloatRatio, type NotExamined } from './bloat.ts';
import { PAGE_BYTES } from './btree-build.ts';
import { type Estimate, estimateBtree, mergesDuplicates } from './estimated.ts';
import { judgeExactly } from './exact.ts';
import { liveTuples } from './live-tuples.ts';
import { type Drilled, HASH, type MeasuredIndex, type NotMeasured } from './measured.ts';
import { modelled } from './modelled.ts';
import { judgeByDrill } from './scaled.ts';

export interface BloatSources {
  /** By the newest backup that was drilled. */
  readonly drilled: Drilled;
  /** Read every B-tree that no drill measured, page by page. */
  readonly exact: boolean;
  /** For each index that is read so; a minute unless given. */
  readonly exactTimeoutMs?: number;
  /** Indexes that are less bloated keep no evidence, which of very many takes more room than all else that is said of them; 0 unless given. */
  readonly explainFrom?: number;
}

/**
 * How much of each index is air, by the best that is known of it. Every index is either judged or said not to have been examined, but for
 * partitioned ones, which have no pages. The session is careful (src/indexes/catalogue/session.ts) and in no transaction.
 */
export async function judgeBloat(session: Session, indexes: readonly IndexFacts[], sources: BloatSources, signal: AbortSignal): Promise<BloatReport> {
  const stored = indexes.filter(({ partitioned }) => !partitioned);
  const measuredOf = measurements(sources.drilled);
  const pgstattuple = sources.exact ? await findPgstattuple(session) : null;
  const judged: Bloat[] = [];
  const notExamined: NotExamined[] = [];
  const uncounted: NotMeasured[] = [];
  for await (const { some, statistics } of statisticsOf(session, stored)) {
    const opinions = some.map((index) => opinionOf(index, measuredOf(index), statistics, session.versionNumber));
    const unsure = opinions.filter(({ index, refused, drill }) => refused === null && index.method === 'btree' && !isSure(drill));
    const counting = { pgstattuple, timeoutMs: sources.exactTimeoutMs ?? EXACT_TIMEOUT_MS };
    const exact = await readExactly(session, unsure, statistics, counting, signal);
    for (const one of exact.values()) if (!isBloat(one)) uncounted.push(one);
    for (const opinion of opinions) {
      const verdict = best(opinion, exact.get(opinion.index.oid));
      if (isBloat(verdict)) judged.push(bloatRatio(verdict) < (sources.explainFrom ?? 0) ? { ...verdict, evidence: [] } : verdict);
      else notExamined.push({ oid: opinion.index.oid, ...verdict });
    }
  }
  const [first] = uncounted;
  return {
    judged,
    notExamined,
    unmeasured: 'why' in sources.drilled ? sources.drilled : null,
    uncounted: first === undefined ? null : { ...first, indexes: uncounted.length },
  };
}

function measurements(drilled: Drilled): (index: IndexFacts) => MeasuredIndex | NotMeasured {
  if ('why' in drilled) return () => drilled;
  return (index) => drilled.indexes.get(displayName(index)) ?? drilled.unlisted;
}

const EXACT_TIMEOUT_MS = 60_000;

interface Opinion {
  readonly index: IndexFacts;
  /** Why nothing at all can be said. */
  readonly refused: NotMeasured | null;
  readonly drill: Bloat | NotMeasured;
  /** Of B-trees. */
  readonly estimate: Estimate | NotMeasured;
}

function opinionOf(index: IndexFacts, drilled: MeasuredIndex | NotMeasured, statistics: IndexStatistics, version: number): Opinion {
  const refused = refusalOf(index, statistics);
  const none = { why: `Only a drill can measure ${index.method}.`, remedy: 'Take a backup and drill it.' };
  if (refused !== null) return { index, refused, drill: none, estimate: none };
  const live = liveTuples(index, statistics.changes(index.tableOid));
  const estimate = index.method === 'btree' ? estimateBtree(index, statistics, live, version) : none;
  const drill =
    'why' in drilled ? drilled : judgeByDrill(index, index.bytes ?? 0, drilled, live, modelled(index, statistics, live, version, estimate));
  return { index, refused, drill, estimate };
}

function refusalOf({ bytes, unread, definition, valid, temporary, method }: IndexFacts, { blockBytes }: IndexStatistics): NotMeasured | null {
  if (temporary) return { why: 'It is temporary.', remedy: null };
  if (method === 'hash') return { why: HASH, remedy: null };
  if (!valid) return { why: 'It is invalid: it is to be dropped or rebuilt, whatever its size.', remedy: null };
  if (bytes === null || definition === null)
    return { why: unread ?? 'It could not be read.', remedy: 'Run the report again when nobody holds that lock.' };
  if (blockBytes !== PAGE_BYTES)
    return { why: `The server has pages of ${blockBytes} bytes, and only those of ${PAGE_BYTES} are understood.`, remedy: null };
  return null;
}

/** measured > scaled > exact > estimated, but what is doubtful gives way to what is not. */
function best({ index, refused, drill, estimate }: Opinion, exact: Bloat | NotMeasured | undefined): Bloat | NotMeasured {
  if (refused !== null) return refused;
  const candidates = [drill, ...(exact === undefined ? [] : [exact]), estimatedBloat(index, estimate)];
  const bloats = candidates.filter(isBloat);
  const chosen = bloats.find(isSure) ?? bloats[0];
  if (chosen === undefined) return nothingKnown(index, drill, estimate);
  const failed = exact !== undefined && 'why' in exact ? [exact.why] : [];
  return failed.length === 0 ? chosen : { ...chosen, evidence: [...chosen.evidence, ...failed] };
}

/** What keeps a B-tree from being estimated is sooner mended than what keeps it from being measured. */
function nothingKnown({ method }: IndexFacts, drill: Bloat | NotMeasured, estimate: Estimate | NotMeasured): NotMeasured {
  const [first, second] = method === 'btree' ? [estimate, drill] : [drill, estimate];
  if ('why' in first) return first;
  return 'why' in second ? second : { why: 'Nothing is known of it.', remedy: null };
}

function isBloat(opinion: Bloat | NotMeasured): opinion is Bloat {
  return 'method' in opinion;
}

function isSure(opinion: Bloat | NotMeasured): boolean {
  return isBloat(opinion) && opinion.confidence !== 'low';
}

/** Where it is not sure, the size that speaks best of the live index: whatever is said to be wasted is wasted. */
function estimatedBloat(index: IndexFacts, estimate: Estimate | NotMeasured): Bloat | NotMeasured {
  if ('why' in estimate) return estimate;
  const { bytes: rebuilt, confidence, evidence } = estimate;
  const bytes = index.bytes ?? 0;
  const rebuiltBytes = confidence === 'high' ? rebuilt.mid : Math.min(rebuilt.high, Math.max(rebuilt.low, bytes));
  return { oid: index.oid, method: 'estimated', bytes, rebuiltBytes, confidence, evidence };
}

interface Counting {
  /** `null` when nobody asked for it. */
  readonly pgstattuple: Pgstattuple | null;
  readonly timeoutMs: number;
}

async function readExactly(
  session: Session,
  opinions: readonly Opinion[],
  statistics: IndexStatistics,
  { pgstattuple, timeoutMs }: Counting,
  signal: AbortSignal,
): Promise<Map<number, Bloat | NotMeasured>> {
  const found = new Map<number, Bloat | NotMeasured>();
  if (pgstattuple === null || opinions.length === 0) return found;
  if ('why' in pgstattuple) return new Map(opinions.map(({ index }) => [index.oid, pgstattuple]));
  const [before] = await session.query<{ statement_timeout: string }>('SHOW statement_timeout');
  await session.query(`SET statement_timeout = ${Math.round(timeoutMs)}`);
  for (const { index, estimate } of opinions) {
    signal.throwIfAborted();
    const pages = await countPages(session, pgstattuple.schema, index.oid);
    if (typeof pages === 'string') {
      found.set(index.oid, { why: `pgstattuple did not read it: ${pages}`, remedy: null });
      continue;
    }
    const merges = mergesDuplicates(index, session.versionNumber);
    const changes = statistics.changes(index.tableOid);
    const exact = judgeExactly(index, pages, { estimate, merges, changes, tuples: liveTuples(index, changes).tuples });
    found.set(index.oid, { oid: index.oid, method: 'exact', bytes: index.bytes ?? 0, ...exact });
  }
  await session.query("SELECT pg_catalog.set_config('statement_timeout', $1, false)", [before?.statement_timeout]);
  return found;
}
