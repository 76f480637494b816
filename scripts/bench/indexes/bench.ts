import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BackupResult } from '../../../src/backup/backup.ts';
import type { DrillResult } from '../../../src/drill/drill.ts';
import { parseManifest } from '../../../src/format/manifest.ts';
import { type Bloat, bloatRatio } from '../../../src/indexes/bloat/bloat.ts';
import { type BloatSources, judgeBloat } from '../../../src/indexes/bloat/judge.ts';
import { measureIndexes, NEVER_DRILLED } from '../../../src/indexes/bloat/measured.ts';
import { readIndexes } from '../../../src/indexes/catalogue/indexes.ts';
import { withCarefulSession } from '../../../src/indexes/catalogue/session.ts';
import { withSession } from '../../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../../src/postgres/url.ts';
import { type BenchServer, lifeboat } from '../backups.ts';
import type { Row } from '../rows.ts';
import { HARD_SHAPES } from './hard-shapes.ts';
import { drift, makeShapes, reindexedSizes } from './make.ts';
import { benchManyIndexes } from './many.ts';
import { OTHER_SHAPES } from './other-shapes.ts';
import { SHAPES, type Shape } from './shapes.ts';

const ROWS = 200_000;

/**
 * Every way to know an index's bloat against what a REINDEX makes of it: on the shapes of every release, on others that nothing was made for,
 * and on hard ones.
 */
export async function benchIndexes(bench: BenchServer): Promise<Row[]> {
  return [
    ...(await benchShapes(bench, 'shapes', SHAPES)),
    ...(await benchShapes(bench, 'other_shapes', OTHER_SHAPES)),
    ...(await benchShapes(bench, 'hard_shapes', HARD_SHAPES)),
    ...(await benchManyIndexes(bench)),
  ];
}

async function benchShapes(bench: BenchServer, database: string, shapes: readonly Shape[]): Promise<Row[]> {
  const target = await makeShapes(bench.server, database, shapes, ROWS);
  const storage = pathToFileURL(join(bench.folder, database)).href;
  const taken = JSON.parse((await lifeboat(['backup', '--storage', storage, '--no-checksums', '--jobs', '2'], target)).stdout) as BackupResult;
  const drilled = JSON.parse((await lifeboat(['drill', '--storage', storage, '--database', database, '--jobs', '2'], target)).stdout) as DrillResult;
  const manifest = parseManifest(await readFile(join(bench.folder, database, database, taken.id, 'manifest.json'), 'utf8'), 'the manifest');
  const drill: BloatSources = { drilled: measureIndexes(manifest, drilled.proof), exact: false };
  const none: BloatSources = { drilled: NEVER_DRILLED, exact: false };

  const truth = await reindexedSizes(bench.server, database);
  const measured = await judgedBy(target, drill, truth);
  const estimated = await judgedBy(target, none, truth);
  await withSession(target, {}, (session) => session.query('CREATE EXTENSION IF NOT EXISTS pgstattuple'));
  const exact = await judgedBy(target, { ...none, exact: true }, truth);
  await drift(target, shapes, ROWS);
  const scaled = await judgedBy(target, drill, await reindexedSizes(bench.server, database));

  const sure = estimated.filter(({ bloat }) => bloat.confidence === 'high');
  const missed = sure.filter(({ bloat, ratio }) => ratio >= BLOATED && bloatRatio(bloat) < CLEAN);
  const alarms = estimated.filter(({ bloat, ratio }) => ratio < 1.1 && bloatRatio(bloat) >= ALARM);
  const of = `${shapes.length} index shapes (${database})`;
  const names = (judged: readonly Judged[]) => judged.map(({ name }) => name).join(', ') || 'none';
  const points = (what: string, value: number, atMost: number, judged: readonly Judged[]): Row => ({
    what: `${what}, ${of}`,
    measured: value,
    unit: 'points',
    target: { atMost },
    how: `${judged.length} judged, worst ${worstOf(judged)}`,
  });
  return [
    points('bloat measured by a drill, mean error', meanError(measured), 0.1, measured),
    points('bloat scaled after a week, mean error', meanError(scaled), 0.5, scaled),
    points('bloat scaled after a week, largest error', Math.max(...scaled.map(errorOf)), 2, scaled),
    points('bloat estimated with high confidence, mean error', meanError(sure), 1, sure),
    points('bloat by pgstattuple, mean error', meanError(exact), 1, exact),
    { what: `bloated and surely said to be clean, ${of}`, measured: missed.length, unit: 'indexes', target: { atMost: 0 }, how: names(missed) },
    { what: `as good as new and said to be bloated, ${of}`, measured: alarms.length, unit: 'indexes', target: { atMost: 0 }, how: names(alarms) },
  ];
}

/** A REINDEX makes it smaller by 30 % at least; nobody would look at less than a fifth more than new; from here on a report finds it bloated. */
const BLOATED = 1 / 0.7;
const CLEAN = 1.2;
const ALARM = 1.5;

interface Judged {
  readonly name: string;
  readonly bloat: Bloat;
  /** Live size in sizes after a REINDEX. */
  readonly ratio: number;
}

async function judgedBy(target: ConnectionTarget, sources: BloatSources, truth: ReadonlyMap<string, number>): Promise<Judged[]> {
  const { signal } = new AbortController();
  return withCarefulSession(target, signal, async (session) => {
    const indexes = await readIndexes(session);
    const names = new Map(indexes.map(({ oid, name }) => [oid, name]));
    const { judged } = await judgeBloat(session, indexes, sources, signal);
    return judged.map((bloat) => {
      const name = names.get(bloat.oid) ?? '';
      return { name, bloat, ratio: bloat.bytes / (truth.get(name) ?? 0) };
    });
  });
}

/** In points: what share of the live index is said to be air, against what is. */
function errorOf({ bloat, ratio }: Judged): number {
  return 100 * Math.abs(1 / bloatRatio(bloat) - 1 / ratio);
}

function meanError(judged: readonly Judged[]): number {
  return judged.reduce((sum, one) => sum + errorOf(one), 0) / judged.length;
}

function worstOf(judged: readonly Judged[]): string {
  const worst = [...judged].sort((a, b) => errorOf(b) - errorOf(a))[0];
  return worst === undefined ? 'none' : `${worst.name} (${bloatRatio(worst.bloat).toFixed(2)} for ${worst.ratio.toFixed(2)})`;
}
