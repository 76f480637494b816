import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { areTwoClusters } from '../postgres/inventory.ts';
import { describeTarget, parseDatabaseUrl } from '../postgres/url.ts';
import { readServer } from './catalogue/server.ts';
import { withCarefulSession } from './catalogue/session.ts';
import { isoTime, NOT_OURS } from './catalogue/sql.ts';
import type { ServerFacts } from './facts.ts';
import type { Counters } from './usage.ts';

export interface Replicas {
  readonly counters: readonly Counters[];
  /** Why not every replica could be counted; `null` when all were. */
  readonly unknown: string | null;
}

/** What replicas counted of the same indexes. One that does not answer or count, or is of another cluster, leaves unknown what is unused. */
export async function readReplicas(urls: readonly string[], primary: ServerFacts, context: Context): Promise<Replicas> {
  const counters: Counters[] = [];
  if (!primary.counts) return { counters, unknown: 'This server counts no scans: track_counts is off.' };
  const asked = new Set([primary.startedAt]);
  for (const url of urls.flatMap((text) => text.split(/\s+/)).filter((text) => text !== '')) {
    const target = parseDatabaseUrl(url, context.environment);
    try {
      const counted = await withCarefulSession(target, context.signal, async (session) => {
        const { systemIdentifier, countersSince, database, startedAt, counts } = await readServer(session);
        if (areTwoClusters(systemIdentifier, primary.systemIdentifier) || database !== primary.database) return 'other';
        // a name for reading may lead to the primary, or to a replica that was asked before
        if (asked.has(startedAt)) return 'again';
        if (!counts) return 'uncounted';
        asked.add(startedAt);
        const rows = await session.query<{ oid: number; scans: number; lastScan: string | null }>(scansSql(session.versionNumber));
        return { since: countersSince, scans: new Map(rows.map(({ oid, scans, lastScan }) => [oid, { scans, lastScan }])) };
      });
      if (counted === 'other')
        return { counters, unknown: `${describeTarget(target)} is no replica of this database, so its scans say nothing of these indexes.` };
      if (counted === 'uncounted') return { counters, unknown: `${describeTarget(target)} counts no scans: track_counts is off there.` };
      if (counted === 'again') context.log.warn(`${describeTarget(target)} is a server that was asked already: its scans are counted once.`);
      else counters.push(counted);
    } catch (error) {
      if (context.signal.aborted || !(error instanceof LifeboatError)) throw error;
      return { counters, unknown: `The replica at ${describeTarget(target)} could not be asked: ${error.message}` };
    }
  }
  return { counters, unknown: null };
}

function scansSql(version: number): string {
  const lastScan = version >= 160_000 ? isoTime('pg_catalog.pg_stat_get_lastscan(x.oid)') : 'NULL';
  return `
    SELECT x.oid::int8::float8 AS oid, pg_catalog.pg_stat_get_numscans(x.oid)::float8 AS scans, ${lastScan} AS "lastScan"
      FROM pg_catalog.pg_class x
      JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
     WHERE x.relkind = 'i' AND x.relpersistence <> 't' AND n.nspname NOT IN ${NOT_OURS}
  `;
}
