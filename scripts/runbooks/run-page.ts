import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAsExpected } from './expected.ts';
import type { Block, Page } from './page.ts';
import { fillIn, type Values } from './placeholders.ts';
import { openScene, type Scenario } from './scene.ts';
import { openShell, type Shell } from './shell.ts';
import { NotHere, type World } from './world.ts';

export interface PageResult {
  readonly page: string;
  /** Blocks that ran and did what the page says. */
  readonly ran: number;
  readonly cannotRun: readonly { readonly line: number; readonly reason: string }[];
  /** Scenarios that this machine could not show. */
  readonly notShown: readonly { readonly scenario: string; readonly reason: string }[];
  /** Everything that is wrong; empty when the page does what it says. */
  readonly failures: readonly string[];
  /** Of the commands alone, without the making of the disaster. */
  readonly seconds: number;
}

/** Runs every scenario of a page, one after another, each in a folder and a shell of its own. */
export async function runPage(page: Page, scenarios: Readonly<Record<string, Scenario>>, world: World): Promise<PageResult> {
  const failures: string[] = unmarked(page);
  const notShown: PageResult['notShown'][number][] = [];
  let ran = 0;
  let seconds = 0;
  for (const name of new Set(page.blocks.flatMap(({ run }) => run ?? []))) {
    const scenario = scenarios[name];
    if (scenario === undefined) {
      failures.push(`${page.name}.md: there is no scenario ${name} in scripts/runbooks/scenarios`);
      continue;
    }
    const folder = await mkdtemp(join(tmpdir(), 'lifeboat-runbook-'));
    try {
      const result = await runScenario(page, name, scenario, world, folder);
      ran += result.ran;
      seconds += result.seconds;
      failures.push(...result.failures);
    } catch (error) {
      if (error instanceof NotHere) notShown.push({ scenario: name, reason: error.message });
      else failures.push(`${page.name}.md, scenario ${name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const cannotRun = page.blocks.flatMap(({ line, cannotRun: reason }) => (reason === null ? [] : [{ line, reason }]));
  return { page: page.name, ran, cannotRun, notShown, failures, seconds };
}

/** A command that nobody runs is one that rots. */
function unmarked({ name, blocks }: Page): string[] {
  const commands = blocks.filter(({ language }) => !['text', 'yaml'].includes(language));
  return [
    ...commands
      .filter(({ language, run, cannotRun }) => language !== 'bash' || (run === null) === (cannotRun === null || cannotRun === ''))
      .map(({ line }) => `${name}.md:${line}: a block of commands is bash, and marked either run=SCENARIO or cannot-run="REASON"`),
    ...blocks
      .filter(({ language, expected }) => language === 'text' && expected === null)
      .map(({ line }) => `${name}.md:${line}: a block of text is what a command prints, and marked expected=SCENARIO`),
  ];
}

async function runScenario(page: Page, name: string, scenario: Scenario, world: World, folder: string) {
  const home = join(folder, 'home');
  await mkdir(home);
  const scene = openScene(world, name, folder);
  let shell: Shell | null = null;
  try {
    const values = await scenario.prepare(scene);
    const { signal } = await world.context();
    signal.throwIfAborted();
    shell = openShell(home, await shellEnvironment(home, world), signal);
    const result = await runBlocks(page, name, values, shell);
    if (result.failures.length === 0) {
      await scenario.check(scene).catch((error: Error) => {
        result.failures.push(`${page.name}.md, scenario ${name}: its commands ran, but not to the end that they are for: ${error.message}`);
      });
    }
    return result;
  } finally {
    await shell?.close();
    await scene.close();
  }
}

/** Stops at the first block that does not do what the page says: so would a person. */
async function runBlocks(page: Page, scenario: string, values: Values, shell: Shell) {
  const failures: string[] = [];
  let [ran, seconds, printed] = [0, 0, ''];
  for (const block of page.blocks.filter(({ run, expected }) => (run ?? expected)?.includes(scenario))) {
    const place = `${page.name}.md:${block.line}`;
    if (block.run === null) {
      const expected = fillIn(block.text, values);
      if (!isAsExpected(printed, expected)) failures.push(`${place}: expected\n${indent(expected)}\nand it printed\n${indent(printed)}`);
    } else {
      const end = await shell.run(fillIn(block.text, values), block.exit);
      printed = end.printed;
      seconds += end.seconds;
      if (end.status !== block.exit) failures.push(`${place}: ${howItEnded(block, end.status)}\n${indent(printed)}`);
      else ran += 1;
    }
    if (failures.length > 0) break;
  }
  return { ran, seconds, failures };
}

function howItEnded({ exit }: Block, status: number | null): string {
  return status === null ? 'it did not end in time, and printed' : `it ended with exit status ${status} instead of ${exit}, and printed`;
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

/** What a newcomer's terminal has: the programs of Postgres on PATH, and nothing of ours. */
async function shellEnvironment(home: string, world: World): Promise<Record<string, string>> {
  const programs = await world.programs();
  return {
    PATH: [programs[0], process.env['PATH']].join(':'),
    HOME: home,
    TMPDIR: tmpdir(),
    LC_ALL: 'C.UTF-8',
    TERM: 'dumb',
    npm_config_update_notifier: 'false',
    LIFEBOAT_PG_BINDIR: programs.join(':'),
  };
}
