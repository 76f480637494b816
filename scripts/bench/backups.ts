import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../../src/context.ts';
import type { Installation } from '../../src/postgres/programs.ts';
import { type ConnectionTarget, libpqEnvironment } from '../../src/postgres/url.ts';
import { type Measured, measure, median } from './measure.ts';
import type { Row } from './rows.ts';

export interface BenchServer {
  /** For archives and stores; removed at the end. */
  readonly folder: string;
  readonly storage: string;
  readonly installation: Installation;
  readonly server: ConnectionTarget;
  readonly context: Context;
}

export interface Bench extends BenchServer {
  /** The database of 1.8 GB. */
  readonly main: ConnectionTarget;
}

const ROUNDS = 3;

/** Backup against pg_dump alone, which is the least that any backup costs, and against what people do today. */
export async function benchBackups(bench: Bench): Promise<Row[]> {
  const floor: number[] = [];
  const counted: number[] = [];
  const summed: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    floor.push(
      (await measure(join(bench.installation.bindir, 'pg_dump'), ['-Fc', '-Z0'], { env: clientEnvironment(bench.main), stdio: 'ignore' })).seconds,
    );
    counted.push((await lifeboatBackup(bench, bench.main, ['--no-checksums'])).seconds);
    summed.push((await lifeboatBackup(bench, bench.main, ['--checksums'])).seconds);
  }
  const archive = join(bench.folder, 'today.dump');
  const today = await measure('bash', ['-c', `"$0"/pg_dump -Fc -f "$1" && gzip -f "$1"`, bench.installation.bindir, archive], {
    env: clientEnvironment(bench.main),
  });
  await rm(`${archive}.gz`);
  const seconds = (of: readonly number[]) => of.map((value) => value.toFixed(1)).join(', ');
  return [
    row(
      'backup with counts ÷ pg_dump -Fc -Z0 > /dev/null',
      median(counted) / median(floor),
      { atMost: 1.25 },
      `${seconds(counted)} s against ${seconds(floor)} s`,
    ),
    row('backup with checksums ÷ the same', median(summed) / median(floor), { atMost: 1.6 }, `${seconds(summed)} s`),
    row('(pg_dump -Fc && gzip) ÷ backup with counts', today.seconds / median(counted), { atLeast: 2 }, `${today.seconds.toFixed(1)} s`),
  ];
}

/** One backup by the command line, as a user runs it; its files are removed again. */
export async function lifeboatBackup(
  bench: Bench,
  target: ConnectionTarget,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Measured> {
  const storage = environment['LIFEBOAT_STORAGE'] ?? bench.storage;
  const measured = await lifeboat(['backup', '--storage', storage, ...args], target, environment);
  if (storage === bench.storage) await rm(join(bench.folder, 'store'), { recursive: true, force: true });
  return measured;
}

export function lifeboat(args: readonly string[], target: ConnectionTarget, environment: Record<string, string> = {}): Promise<Measured> {
  return commandLine([...args, '--json'], target, environment);
}

/** The command line as a user runs it. */
export function commandLine(args: readonly string[], target: ConnectionTarget, environment: Record<string, string> = {}): Promise<Measured> {
  const url = `postgres://${target.user}:${encodeURIComponent(target.password ?? '')}@${encodeURIComponent(target.host)}:${target.port}/${target.database}`;
  return measure(process.execPath, [join(import.meta.dirname, '../../src/cli/main.js'), ...args], {
    env: { ...process.env, DATABASE_URL: url, ...environment },
  });
}

export function clientEnvironment(target: ConnectionTarget): NodeJS.ProcessEnv {
  return { ...process.env, ...libpqEnvironment(target) };
}

function row(what: string, measured: number, target: Row['target'], how: string): Row {
  return { what, measured, unit: '×', target, how };
}
