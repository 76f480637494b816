import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { silentLog } from '../src/context.ts';
import { findInstallations } from '../src/postgres/programs.ts';
import { startScratch } from '../src/postgres/scratch.ts';
import { type Bench, type BenchServer, benchBackups } from './bench/backups.ts';
import { benchCopy } from './bench/copy.ts';
import { makeDatabase } from './bench/database.ts';
import { benchEncryption } from './bench/encryption.ts';
import { benchIndexReport } from './bench/index-report.ts';
import { benchIndexes } from './bench/indexes/bench.ts';
import { benchMemory } from './bench/memory.ts';
import { benchRestores } from './bench/restores.ts';
import { benchRetention } from './bench/retention.ts';
import { printRows, type Row } from './bench/rows.ts';
import { benchRunbook } from './bench/runbook.ts';
import { benchStartup } from './bench/startup.ts';

/** `npm run bench [-- backups|encryption|restores|memory|indexes|index-report|startup|retention|copy|runbook …]`: every promise about speed, memory and bloat. */
const GROUPS: Readonly<Record<string, (bench: Bench) => Promise<Row[]>>> = {
  backups: benchBackups,
  encryption: benchEncryption,
  restores: benchRestores,
  memory: benchMemory,
};
/** Those that make their own databases. */
const SERVER_GROUPS: Readonly<Record<string, (bench: BenchServer) => Promise<Row[]>>> = {
  indexes: benchIndexes,
  'index-report': benchIndexReport,
};
/** Those that need no server, or start their own. */
const QUICK_GROUPS: Readonly<Record<string, () => Promise<Row[]>>> = {
  startup: benchStartup,
  retention: benchRetention,
  copy: benchCopy,
  runbook: benchRunbook,
};

const groups = [...Object.keys(GROUPS), ...Object.keys(SERVER_GROUPS), ...Object.keys(QUICK_GROUPS)];
const asked = process.argv.length > 2 ? process.argv.slice(2) : groups;
const unknown = asked.filter((name) => !groups.includes(name));
if (unknown.length > 0) throw new Error(`there is no group ${unknown.join(', ')}; there are ${groups.join(', ')}`);

const rows: Row[] = [];
for (const [name, group] of Object.entries(QUICK_GROUPS)) if (asked.includes(name)) rows.push(...(await group()));
if (asked.some((name) => name in GROUPS || name in SERVER_GROUPS)) rows.push(...(await benchWithServer()));
console.log('');
printRows(rows);

async function benchWithServer(): Promise<Row[]> {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(new Error(`stopped by ${signal}`)));
  const context = { log: silentLog, signal: controller.signal, environment: process.env };
  const complete = (await findInstallations(process.env)).filter(({ client, server }) => client !== null && client.major === server?.major);
  const installation = complete.sort((a, b) => (b.server?.major ?? 0) - (a.server?.major ?? 0))[0];
  if (installation === undefined) throw new Error('no installation has both the client programs and the server of one major version');

  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-bench-'));
  const scratch = await startScratch({ installation, context });
  try {
    console.log(`Postgres ${scratch.serverVersion}`);
    const server: BenchServer = { folder, storage: pathToFileURL(join(folder, 'store')).href, installation, server: scratch.target, context };
    const rows: Row[] = [];
    for (const [name, group] of Object.entries(SERVER_GROUPS)) {
      if (!asked.includes(name)) continue;
      console.log(`${name} …`);
      rows.push(...(await group(server)));
    }
    if (!asked.some((name) => name in GROUPS)) return rows;
    console.log('making the database …');
    const bench: Bench = { ...server, main: await makeDatabase(scratch.target, 'main', 1) };
    for (const [name, group] of Object.entries(GROUPS)) {
      if (!asked.includes(name)) continue;
      console.log(`${name} …`);
      rows.push(...(await group(bench)));
    }
    return rows;
  } finally {
    await scratch.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
