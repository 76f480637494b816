import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { quote } from 'zx';
import { backup } from '../src/backup/backup.ts';
import type { Context } from '../src/context.ts';
import { type DrillResult, drill } from '../src/drill/drill.ts';
import { exitStatusOf, LifeboatError } from '../src/errors.ts';
import { bloatRatio } from '../src/indexes/bloat/bloat.ts';
import { indexes } from '../src/indexes/indexes.ts';
import type { IndexOutcome } from '../src/indexes/repair/outcome.ts';
import { reindex } from '../src/indexes/repair/reindex.ts';
import type { IndexEntry } from '../src/indexes/report.ts';
import { readOptions } from '../src/options/read.ts';
import { displayName } from '../src/postgres/identifiers.ts';
import { type PreflightResult, preflight } from '../src/preflight/preflight.ts';
import { bytes, count, counted } from '../src/report/format.ts';
import { backupText } from '../src/report/terminal/backup.ts';
import { drillText } from '../src/report/terminal/drill.ts';
import { errorText } from '../src/report/terminal/error.ts';
import { indexesText } from '../src/report/terminal/indexes.ts';
import { preflightShort } from '../src/report/terminal/preflight.ts';
import { reindexText } from '../src/report/terminal/reindex.ts';
import { abortOnSignals } from '../src/shell/signals.ts';
import { CHURNED, churnAddresses } from './demo/churn.ts';
import { type Damage, damageCopy } from './demo/damage.ts';
import { loadShop } from './demo/load.ts';
import { DATABASE, type Production, startProduction } from './demo/production.ts';
import { ASSERTIONS } from './demo/shop.sql.ts';
import { createStage, demoContext, type Stage } from './demo/stage.ts';
import { type Story, summary } from './demo/summary.ts';
import { startWriter } from './demo/writer.ts';

// npm run demo: the whole job, end to end, on a database of its own. What it leaves is in ./demo, and new on every run.
const FOLDER = join(import.meta.dirname, '..', 'demo');
const STORE = join(FOLDER, 'store');
const DAMAGED = join(FOLDER, 'damaged');
const LIFEBOAT = 'npm run -s lifeboat --';

const started = performance.now();
const stage = createStage(process, 7);
const controller = new AbortController();
abortOnSignals(controller, process, stage.log.info);
try {
  const context = demoContext(stage.log, controller.signal, process.env);
  const story = await tell(stage, context);
  stage.say(`\n${summary({ ...story, seconds: (performance.now() - started) / 1000 }, stage.style)}\n`);
  stage.say(whereToLook(story));
} catch (error) {
  stage.log.close();
  process.exitCode = fail(controller.signal.aborted ? controller.signal.reason : error);
}

async function tell(stage: Stage, context: Context): Promise<Omit<Story, 'seconds'>> {
  for (const earlier of [STORE, DAMAGED]) await rm(earlier, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const before = await actsWithProduction(stage, context);

  stage.act('The same backup, in a copy of the store, with one byte flipped');
  const damage = await damageCopy(before.backup, STORE, DAMAGED, context.signal);
  stage.say(
    `Byte ${count(damage.offset)} of ${damage.part} (${bytes(damage.bytes)}) is not what it was. Nothing else has changed, not even the size.`,
  );
  const damaged = await drillShop(DAMAGED, stage, context);
  stage.say(drillText(damaged, stage.style));
  if (!names(damaged, damage)) throw new Error(`the drill did not find the damage in ${damage.part}`);
  return { ...before, damage, damagedDrill: damaged };
}

/** Everything for which production has to run, and the drill in between: it speaks to the store alone, and the report to both. */
async function actsWithProduction(stage: Stage, context: Context) {
  stage.act('Production: a shop in a Postgres of its own');
  const production = await startProduction(context);
  try {
    const databaseBytes = await loadShop(production.target, context);
    stage.say(`Postgres ${production.serverVersion} holds ${bytes(databaseBytes)}: customers, orders by month, their items, events.`);
    await churnAddresses(production.target, context);
    const examined = await preflightShop(production, stage, context);
    const backedUp = await backUpWhileWriting(production, stage, context);
    const proven = await proveShop(stage, context);
    const bloated = await reportOnIndexes(production, stage, context);
    const rebuilt = await rebuildIndexes(production, bloated, stage, context);
    const { serverVersion } = production;
    return { serverVersion, databaseBytes, preflight: examined, ...backedUp, drill: proven, bloated, rebuilt };
  } finally {
    await production.stop();
  }
}

/** Before the first night: what would fail, and what is worth knowing. */
async function preflightShop(production: Production, stage: Stage, context: Context): Promise<PreflightResult> {
  stage.act('Preflight: what would fail, before anything is backed up');
  const storage = pathToFileURL(STORE).href;
  stage.command(`lifeboat preflight --database-url "$DATABASE_URL" --storage ${quote(storage)}`);
  const result = await preflight(readOptions('preflight', { given: { databaseUrl: production.url, storage }, environment: {} }), context);
  stage.say(preflightShort(result, stage.style));
  if (!result.ok) throw new Error('the preflight of the demo failed');
  return result;
}

async function backUpWhileWriting(production: Production, stage: Stage, context: Context) {
  stage.act('Backup, while customers go on buying');
  const storage = pathToFileURL(STORE).href;
  stage.command(`lifeboat backup --database-url "$DATABASE_URL" --storage ${quote(storage)}`);
  const writer = await startWriter(production.target, context.signal);
  try {
    const options = readOptions('backup', { given: { databaseUrl: production.url, storage }, environment: {} });
    const result = await backup(options, context);
    await writer.stop();
    const writes = writer.writes();
    stage.say(backupText(result, stage.style));
    stage.say(
      `Meanwhile the shop wrote: ${counted(writes.inserts, 'insert')}, ${counted(writes.updates, 'update')}, ${counted(writes.deletes, 'delete')}. The backup is of one moment all the same.`,
    );
    return { backup: result, writes };
  } finally {
    await writer.stop().catch(() => {});
  }
}

async function proveShop(stage: Stage, context: Context): Promise<DrillResult> {
  stage.act('Drill: restore the backup into another throwaway Postgres, and check it against its manifest');
  const proven = await drillShop(STORE, stage, context);
  stage.say(drillText(proven, stage.style));
  if (!proven.ok) throw new Error('the backup of the demo was not proven');
  return proven;
}

/** The drill has built every index anew from the same rows: what the live ones are larger by is air. Answers with the one that was churned. */
async function reportOnIndexes(production: Production, stage: Stage, context: Context): Promise<IndexEntry> {
  stage.act('Index report: the live indexes, measured against those that the drill built');
  const storage = pathToFileURL(STORE).href;
  stage.command(`lifeboat indexes --database-url "$DATABASE_URL" --storage ${quote(storage)} --min-wasted 1MB --out demo/report`);
  const given = { databaseUrl: production.url, storage, minWasted: '1MB', out: join(FOLDER, 'report') };
  const result = await indexes(readOptions('indexes', { given, environment: {} }), context);
  stage.say(indexesText(result, stage.style));
  const isMeasured = result.report.findings.some(({ kind, object, method }) => kind === 'bloated' && object === CHURNED && method !== 'estimated');
  const entry = result.report.indexes.find((one) => displayName(one) === CHURNED);
  if (!isMeasured || entry?.bloat == null || bloatRatio(entry.bloat) < 2) throw new Error(`the report did not measure the bloat of ${CHURNED}`);
  return entry;
}

/** What the report calls bloated is rebuilt while everybody could go on. Answers with what became of the index that was churned. */
async function rebuildIndexes(production: Production, bloated: IndexEntry, stage: Stage, context: Context): Promise<IndexOutcome> {
  stage.act('Reindex: what the report calls bloated, to the size that it predicted');
  const storage = pathToFileURL(STORE).href;
  stage.command(`lifeboat reindex --database-url "$DATABASE_URL" --storage ${quote(storage)} --from-report latest --apply --max-bytes 1GB`);
  const given = { databaseUrl: production.url, storage, fromReport: 'latest', apply: true, maxBytes: '1GB' };
  const result = await reindex(readOptions('reindex', { given, environment: {} }), context);
  stage.say(reindexText(result, stage.style));
  const outcome = result.indexes.find((one) => displayName(one) === CHURNED);
  const predicted = bloated.bloat?.rebuiltBytes ?? 0;
  if (outcome?.bytesAfter == null || Math.abs(outcome.bytesAfter / predicted - 1) > 0.05) {
    throw new Error(`${CHURNED} was not rebuilt to the ${bytes(predicted)} that the report predicted, within 5 %`);
  }
  return outcome;
}

async function drillShop(store: string, stage: Stage, context: Context): Promise<DrillResult> {
  const storage = pathToFileURL(store).href;
  stage.command(`lifeboat drill --storage ${quote(storage)} --database ${DATABASE} --assert '…' --assert '…'`);
  return drill(readOptions('drill', { given: { storage, database: DATABASE, assert: ASSERTIONS }, environment: {} }), context);
}

function names({ ok, proof }: DrillResult, { part }: Damage): boolean {
  return !ok && proof.checks.some(({ verdict, findings }) => verdict === 'fail' && findings.some(({ object }) => object === part));
}

function whereToLook({ backup: { manifest, id }, drill: { proofKey } }: Omit<Story, 'seconds'>): string {
  const storage = quote(pathToFileURL(STORE).href);
  const damaged = quote(pathToFileURL(DAMAGED).href);
  return [
    'Look at it:',
    `  manifest  ${join(STORE, manifest)}`,
    `  proof     ${join(STORE, proofKey)}`,
    `  store     ${STORE}`,
    `  indexes   ${join(FOLDER, 'report')}`,
    '',
    'Try next:',
    `  ${LIFEBOAT} list --storage ${storage}`,
    `  ${LIFEBOAT} show --storage ${storage} --database ${DATABASE} --backup ${id}`,
    `  ${LIFEBOAT} drill --storage ${storage} --database ${DATABASE} --rto 1m`,
    `  ${LIFEBOAT} list --storage ${damaged}`,
  ].join('\n');
}

/** 130 and the like for a signal; everything else is a demo that failed. */
function fail(error: unknown): number {
  const known = error instanceof LifeboatError;
  process.stderr.write(`${known ? errorText(error, stage.style) : error instanceof Error ? error.stack : String(error)}\n`);
  return known && error.code === 'cancelled' ? exitStatusOf(error) : 1;
}
