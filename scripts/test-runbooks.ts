import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allOrNothing, inTurns } from '../src/concurrency.ts';
import { abortOnSignals } from '../src/shell/signals.ts';
import { runUrlOf, withFooter } from './runbooks/footer.ts';
import { parsePage } from './runbooks/page.ts';
import { pageLines, summaryLine } from './runbooks/report.ts';
import { type PageResult, runPage } from './runbooks/run-page.ts';
import { SCENARIOS } from './runbooks/scenarios.ts';
import { openWorld, type World } from './runbooks/world.ts';

// npm run test:runbooks -- [--record] [--folder FOLDER] [PAGE...]: runs the commands of the runbooks as a person would.
const AT_ONCE = 2;

const { values: given, positionals } = parseArgs({
  options: { record: { type: 'boolean', default: false }, folder: { type: 'string', default: join(import.meta.dirname, '..', 'runbooks') } },
  allowPositionals: true,
});
const started = performance.now();
const controller = new AbortController();
abortOnSignals(controller, process, console.error);
const world = openWorld(controller.signal);
try {
  const results = await runPages(await pageNames(), world);
  controller.signal.throwIfAborted();
  for (const line of await world.lacks()) console.log(`not shown: ${line}`);
  console.log(summaryLine(results, (performance.now() - started) / 1000));
  process.exitCode = results.length > 0 && results.every(({ failures }) => failures.length === 0) ? 0 : 1;
} catch (error) {
  if (!controller.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await world.close();
}

async function pageNames(): Promise<string[]> {
  const all = (await readdir(given.folder)).filter((name) => name.endsWith('.md') && name !== 'README.md').map((name) => name.slice(0, -3));
  const unknown = positionals.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`There is no page ${unknown.join(', ')} in ${given.folder}.`);
  return all.filter((name) => positionals.length === 0 || positionals.includes(name)).sort();
}

/** Two at once, as there are two cores; each is told of when it has ended. */
async function runPages(names: readonly string[], shared: World): Promise<PageResult[]> {
  const results: PageResult[] = [];
  const tasks = names.map((name) => async () => {
    const result = await runOne(name, shared);
    console.log(pageLines(result).join('\n'));
    results.push(result);
  });
  await allOrNothing(controller.signal, inTurns(tasks, AT_ONCE));
  return results;
}

async function runOne(name: string, shared: World): Promise<PageResult> {
  const file = join(given.folder, `${name}.md`);
  const text = await readFile(file, 'utf8');
  const result = await runPage(parsePage(name, text), SCENARIOS, shared);
  if (given.record && result.failures.length === 0 && result.notShown.length === 0) {
    const { ran: commands, cannotRun, seconds } = result;
    await writeFile(file, withFooter(text, { at: new Date(), runUrl: runUrlOf(process.env), commands, cannotRun: cannotRun.length, seconds }));
  }
  return result;
}
