import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { silentLog } from '../src/context.ts';
import { findInstallations } from '../src/postgres/programs.ts';
import { startScratch } from '../src/postgres/scratch.ts';
import { type Bench, benchBackups } from './bench/backups.ts';
import { makeDatabase } from './bench/database.ts';
import { benchMemory } from './bench/memory.ts';
import { benchRestores } from './bench/restores.ts';
import { printRows, type Row } from './bench/rows.ts';

/** `npm run bench [-- backups|restores|memory …]`: every promise about speed and memory, as ratios within this run. */
const GROUPS: Readonly<Record<string, (bench: Bench) => Promise<Row[]>>> = { backups: benchBackups, restores: benchRestores, memory: benchMemory };

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in GROUPS));
if (unknown.length > 0) throw new Error(`there is no group ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}`);

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(new Error(`stopped by ${signal}`)));
const context = { log: silentLog, signal: controller.signal, environment: process.env };
const complete = (await findInstallations(process.env)).filter(({ client, server }) => client !== null && client.major === server?.major);
const installation = complete.sort((a, b) => (b.server?.major ?? 0) - (a.server?.major ?? 0))[0];
if (installation === undefined) throw new Error('no installation has both the client programs and the server of one major version');

const folder = await mkdtemp(join(tmpdir(), 'lifeboat-bench-'));
const scratch = await startScratch({ installation, context });
try {
  console.log(`Postgres ${scratch.serverVersion}; making the database …`);
  const main = await makeDatabase(scratch.target, 'main', 1);
  const bench: Bench = { folder, storage: pathToFileURL(join(folder, 'store')).href, installation, server: scratch.target, main, context };
  const rows: Row[] = [];
  for (const [name, group] of Object.entries(GROUPS)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    console.log(`${name} …`);
    rows.push(...(await group(bench)));
  }
  console.log('');
  printRows(rows);
} finally {
  await scratch.stop();
  await rm(folder, { recursive: true, force: true });
}
