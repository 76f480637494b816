import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

interface NotShown {
  readonly what: string;
  readonly why: string;
  readonly requires?: string;
}

const folder = await mkdtemp(join(tmpdir(), 'lifeboat-test-'));
const reportFile = join(folder, 'report.json');
const skippedFile = join(folder, 'skipped.jsonl');
try {
  const status = await runVitest(process.argv.slice(2));
  for (const { what, why, requires } of await notShown())
    console.log(`not shown: ${what}: ${why}${requires ? ` (LIFEBOAT_TEST_REQUIRE=${requires} makes this a failure)` : ''}`);
  process.exitCode = summarize(await report(), status);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Vitest by this Node, its words as they come; answers with its exit status. */
function runVitest(args: readonly string[]): Promise<number> {
  const vitest = join(import.meta.dirname, '..', 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: join(import.meta.dirname, '..'),
    env: { ...process.env, LIFEBOAT_TEST_SKIPPED: skippedFile },
    stdio: 'inherit',
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  // A terminal's ^C has reached Vitest too; it must end before we do.
  process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

async function report(): Promise<VitestReport> {
  try {
    return JSON.parse(await readFile(reportFile, 'utf8')) as VitestReport;
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  }
}

async function notShown(): Promise<NotShown[]> {
  const lines = (await readFile(skippedFile, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return [...new Set(lines)].map((line) => JSON.parse(line) as NotShown);
}

/** The last line, alone and always of the same form; answers with the exit status. */
function summarize({ numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests }: VitestReport, status: number): number {
  // A file that cannot be loaded, or an error outside of any test, fails the run without a failed test.
  const failed = Math.max(numFailedTests, status === 0 ? 0 : 1);
  const skipped = numPendingTests + numTodoTests;
  console.log(`${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
  return failed === 0 ? 0 : 1;
}
