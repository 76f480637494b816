import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { predictFromProofs } from '../catalog/predict.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import type { GameDayOptions } from '../options/game-day.ts';
import { suggestion } from '../options/nearest.ts';
import { evaluateChecklist, parseConfirmations } from './checklist.ts';
import { type MachineFacts, readFacts } from './facts.ts';
import { nextScenario } from './measurements.ts';
import type { Preparation } from './page.ts';
import { parseScenario, type Scenario } from './scenario.ts';

export const MEASUREMENTS = 'measurements.md';
const CHECKLIST = 'checklist.yml';

/** What the surroundings know and no option says. */
export interface Surroundings {
  /** Where the folder of the runbooks is, for the link. */
  readonly runbooksUrl: string;
  /** Folders of the scenarios that come with the project, where the team has none of its own of that name; those that exist count. */
  readonly shipped: readonly string[];
}

/**
 * Everything that a game day's page says before people play.
 * @throws LifeboatError `unknown-scenario`, `bad-config`, and those of the store
 */
export async function prepareGameDay(
  options: GameDayOptions,
  { runbooksUrl, shipped }: Surroundings,
  now: Date,
  context: Context,
): Promise<Preparation> {
  const scenario = await chooseScenario(options, shipped);
  const confirmations = await readText(join(options.scenarios, CHECKLIST));
  const targets = { rtoSeconds: scenario.targets.rto ?? options.rto, rpoSeconds: scenario.targets.rpo ?? options.rpo };
  const facts = await factsOf(options, context);
  const proofs = facts?.proofs ?? [];
  return {
    scenario,
    facts,
    day: {
      scenario: scenario.name,
      title: scenario.title,
      database: options.database ?? null,
      openedAt: now.toISOString(),
      targets,
      steps: scenario.steps.map(({ title, recovered }) => ({ title, recovered })),
      snapshotAt: facts?.newestBackup?.at ?? null,
      drillSeconds: proofs[0]?.rto.seconds ?? null,
    },
    checklist: evaluateChecklist(
      facts,
      confirmations === null ? {} : parseConfirmations(join(options.scenarios, CHECKLIST), confirmations),
      targets.rpoSeconds,
      now,
    ),
    prediction: predictFromProofs(proofs, now),
    runbookUrl: `${runbooksUrl}/${scenario.runbook}`,
  };
}

async function factsOf(options: GameDayOptions, context: Context): Promise<MachineFacts | null> {
  const { storage, database } = options;
  if (storage === undefined || database === undefined) return null;
  return readFacts({ ...options, storage, database }, options.copy, context);
}

async function chooseScenario({ scenario: wanted, scenarios: own }: GameDayOptions, shipped: readonly string[]): Promise<Scenario> {
  const paths = new Map<string, string>();
  for (const folder of [...shipped, own]) for (const name of await scenariosIn(folder)) paths.set(name, join(folder, `${name}.yml`));
  const names = [...paths.keys()].sort();
  const name = wanted ?? nextScenario(names, await readText(join(own, MEASUREMENTS)));
  const path = paths.get(name ?? '');
  if (name === undefined || path === undefined) {
    throw new LifeboatError(
      'unknown-scenario',
      name === undefined ? `There is no scenario in ${own}.` : `There is no scenario ${name} in ${own}${suggestion(name, names) || '.'}`,
      names.length === 0 ? 'Check --scenarios: it is the folder with the scenarios, like runbooks/drills.' : `Choose one of ${names.join(', ')}.`,
      { details: { scenario: name ?? null, scenarios: names } },
    );
  }
  return parseScenario(name, path, await readFile(path, 'utf8'));
}

async function scenariosIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return [];
  });
  return files.filter((file) => file.endsWith('.yml') && file !== CHECKLIST).map((file) => file.slice(0, -'.yml'.length));
}

async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return null;
  });
}
