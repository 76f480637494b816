import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { LifeboatError } from '../errors.ts';
import { reportKey, reportsFolder } from '../format/layout.ts';
import type { Store } from '../storage/store.ts';
import { BLOAT_METHODS, CONFIDENCES } from './bloat/bloat.ts';
import { FINDING_KINDS, LEVELS } from './finding.ts';
import { type IndexEntry, type IndexReport, REPORT_FORMAT } from './report.ts';

export interface StoredReport {
  readonly key: string;
  readonly report: IndexReport;
}

/** The newest report of a database that can be read and is meant; `null` when there is none. */
export async function readLatestReport(
  store: Store,
  database: string,
  signal: AbortSignal,
  isMeant: (report: IndexReport) => boolean = () => true,
): Promise<StoredReport | null> {
  for (const key of await listReports(store, database, signal)) {
    const report = await readReport(store, key, signal);
    if (report !== null && isMeant(report)) return { key, report };
  }
  return null;
}

/**
 * Stores a report, and deletes those that are older than the newest so many.
 * @param json the report's text
 */
export async function storeReport(
  store: Store,
  { database, at }: Pick<IndexReport, 'database' | 'at'>,
  json: string,
  keep: number,
  signal: AbortSignal,
): Promise<string> {
  const key = reportKey(database, new Date(at));
  await store.put(key, Buffer.from(json), { signal });
  for (const old of (await listReports(store, database, signal)).slice(keep)) await store.delete(old, { signal });
  return key;
}

/** `null` for text that is no report of a format that this version knows. */
export function parseReport(json: string): IndexReport | null {
  try {
    const report = JSON.parse(json) as IndexReport;
    stored.parse(report);
    return [...report.findings, ...report.unseen].every((one) => finding.safeParse(one).success) && report.indexes.every(isEntry) ? report : null;
  } catch {
    return null;
  }
}

/** Keys, newest first: their names are times. */
async function listReports(store: Store, database: string, signal: AbortSignal): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(reportsFolder(database), { signal })) if (NAME.test(key)) keys.push(key);
  return keys.sort().reverse();
}

async function readReport(store: Store, key: string, signal: AbortSignal): Promise<IndexReport | null> {
  try {
    return parseReport((await buffer(await store.get(key, { signal }))).toString());
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'object-missing') return null;
    throw error;
  }
}

const NAME = /\/reports\/\d{8}T\d{6}Z\.json$/;

const confidence = z.enum(CONFIDENCES);
const method = z.enum(BLOAT_METHODS);

const stored = z.looseObject({
  format: z.literal(REPORT_FORMAT),
  database: z.string(),
  at: z.iso.datetime(),
  server: z.looseObject({
    systemIdentifier: z.string().nullable(),
    countersSince: z.string().nullable(),
    countedSince: z.string(),
    resets: z.array(z.string().nullable()),
  }),
  findings: z.array(z.unknown()),
  unseen: z.array(z.unknown()),
  notes: z.array(z.string()),
  indexes: z.array(z.unknown()),
});

const finding = z.looseObject({
  kind: z.enum(FINDING_KINDS),
  object: z.string(),
  level: z.enum(LEVELS),
  index: z.object({ oid: z.number(), schema: z.string(), name: z.string() }).nullable(),
  evidence: z.array(z.string()),
  sizeAtStake: z.number(),
  used: z.number().nullable(),
  confidence,
  remedySql: z.string().nullable(),
  method: method.nullable(),
});

/** By hand: what a schema copies of ten thousand entries takes 30 MB. */
function isEntry(one: unknown): one is IndexEntry {
  const { oid, schema, name, table, access, bytes, definition, bloat, scans, seenSince, idleSince, overSince, trend } = (one ?? {}) as IndexEntry;
  return (
    areTexts(schema, name, table, access, seenSince, idleSince, definition ?? '', overSince ?? '') &&
    areNumbers(oid, bytes ?? 0, scans ?? 0) &&
    [bytes, definition, bloat, scans, overSince].every((value) => value !== undefined) &&
    (bloat === null ||
      (areNumbers(bloat.bytes, bloat.rebuiltBytes) && BLOAT_METHODS.includes(bloat.method) && CONFIDENCES.includes(bloat.confidence))) &&
    Array.isArray(trend) &&
    trend.every((point) => Array.isArray(point) && point.length === 3 && areNumbers(point[0], point[1], point[2] ?? 0))
  );
}

function areTexts(...values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === 'string');
}

function areNumbers(...values: readonly unknown[]): boolean {
  return values.every(Number.isFinite);
}
