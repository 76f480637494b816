import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildActions } from '../build.ts';
import { median } from './measure.ts';
import type { Row } from './rows.ts';

const RUNS = 15;

/** How long an action's bundle takes to its first own instruction, the first mask, and to its first sentence; an empty Node taken off. */
export async function benchStartup(): Promise<Row[]> {
  const dist = await mkdtemp(join(tmpdir(), 'lifeboat-bench-dist-'));
  try {
    await buildActions(dist);
    const empty: number[] = [];
    const masked: number[] = [];
    const refused: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      empty.push(await untilPrinted(['-e', 'process.stdout.write("x")'], {}, /x/));
      const inputs = { 'INPUT_DATABASE-URL': 'postgres://shop:correct-horse@127.0.0.1:1/shop' };
      masked.push(await untilPrinted([join(dist, 'backup.js')], inputs, /^::add-mask::/));
      refused.push(await untilPrinted([join(dist, 'backup.js')], inputs, /::error title=bad-option/));
    }
    const how = `median of ${RUNS}; an empty Node takes ${median(empty).toFixed(0)} ms`;
    const over = (times: readonly number[]) => median(times) - median(empty);
    return [
      { what: 'dist/backup.js to its first own instruction, over an empty Node', measured: over(masked), unit: 'ms', target: { atMost: 150 }, how },
      { what: 'dist/backup.js to its inputs read and refused, over an empty Node', measured: over(refused), unit: 'ms', target: null, how },
    ];
  } finally {
    await rm(dist, { recursive: true, force: true });
  }
}

/** Milliseconds from the start of a Node until its output matches. */
function untilPrinted(args: readonly string[], environment: Readonly<Record<string, string>>, wanted: RegExp): Promise<number> {
  const { PATH = '', HOME = '' } = process.env;
  const started = performance.now();
  const child = spawn(process.execPath, args, { env: { PATH, HOME, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let printed = '';
    let matched = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk;
      if (matched === 0 && wanted.test(printed)) matched = performance.now() - started;
    });
    child.once('error', reject);
    child.once('close', () => (matched > 0 ? resolve(matched) : reject(new Error(`${args.join(' ')} never printed ${wanted}:\n${printed}`))));
  });
}
