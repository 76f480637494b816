import { join } from 'node:path';
import { addPath, exportVariable } from '@actions/core';
import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import { parseVersion } from '../../postgres/programs.ts';
import { code, prose, tableOf } from '../../report/markdown/escape.ts';
import { type Run, runner } from './commands.ts';
import { take } from './install.ts';
import { lookAtMachine } from './machine.ts';
import { planSetup, sentenceOf } from './plan.ts';
import { PGDG, type Repository } from './repository.ts';

export interface SetupSettings {
  /** The first goes first on PATH. */
  readonly version: readonly number[];
  readonly cache: boolean;
}

export interface SetupResult {
  readonly installed: readonly { readonly major: number; readonly version: string; readonly bindir: string }[];
  /** What was done, a sentence each. */
  readonly did: readonly string[];
  /** Where downloaded packages are kept; `null` when they are not. */
  readonly cachePath: string | null;
}

export interface SetupWorld {
  readonly repository?: Repository;
  readonly root?: string;
  /** Hands folders on to the steps that follow; the runner's files unless a test says otherwise. */
  readonly publish?: (bindirs: readonly string[]) => void;
}

/**
 * Makes client and server programs of each major ready for the steps that follow: what the runner has, else installed.
 * @throws LifeboatError `client-missing`, `client-failed`
 */
export async function setupPostgres(settings: SetupSettings, context: Context, world: SetupWorld = {}): Promise<SetupResult> {
  const { repository = PGDG, root = '/', publish = publishToRunner } = world;
  const run = runner(context);
  const machine = await lookAtMachine(context.environment, repository, run, root);
  const cachePath = settings.cache ? cachePathOf(machine.codename, context.environment) : null;
  const steps = planSetup(settings.version, machine);
  const brought: { major: number; bindir: string }[] = [];
  for (const step of steps) {
    context.log.info(sentenceOf(step));
    brought.push(...(await take(step, { run, how: machine.root, repository, archives: cachePath, root, signal: context.signal })));
  }
  const installed = [];
  for (const major of settings.version)
    installed.push(
      await verified(
        brought.find((one) => one.major === major),
        major,
        run,
      ),
    );
  publish(installed.map(({ bindir }) => bindir));
  return { installed, did: steps.map(sentenceOf), cachePath };
}

/** Client and server say themselves that they are of this major: nothing was installed until they do. */
async function verified(found: { major: number; bindir: string } | undefined, major: number, run: Run) {
  const bindir = found?.bindir ?? '';
  const [client, server] = [
    parseVersion(await run({ program: join(bindir, 'pg_dump'), args: ['--version'] })),
    parseVersion(await run({ program: join(bindir, 'postgres'), args: ['--version'] })),
  ];
  if (client?.major === major && server?.major === major) return { major, version: client.version, bindir };
  throw new LifeboatError(
    'client-failed',
    `The programs in ${bindir} should be of Postgres ${major}, and are of ${client?.version ?? 'nobody knows what'} and ${server?.version ?? 'nobody knows what'}.`,
    'Report this with the log of the step.',
  );
}

/**
 * Runners have Debian's wrapper on PATH, which picks the highest version: the folder itself goes before it. The folders are named for
 * pg-lifeboat too, whatever a later step puts in front.
 */
function publishToRunner(bindirs: readonly string[]): void {
  // each is put in front of those before it
  for (const bindir of bindirs.toReversed()) addPath(bindir);
  exportVariable('LIFEBOAT_PG_BINDIR', bindirs.join(':'));
}

/** Packages are of one release of one system; the runner's tool cache outlives a job where the runner does. */
function cachePathOf(codename: string | null, environment: Context['environment']): string | null {
  const tools = environment['RUNNER_TOOL_CACHE'];
  return codename === null || !tools?.startsWith('/') ? null : join(tools, 'pg-lifeboat', `apt-${codename}-${process.arch}`);
}

export function setupHeadline({ installed }: SetupResult): string {
  return `Postgres ${installed.map(({ version }) => version).join(' and ')} is ready.`;
}

export function setupMarkdown(result: SetupResult): string {
  const rows = result.installed.map(({ major, version, bindir }) => [String(major), code(version), code(bindir)]);
  return [
    `## ${prose(setupHeadline(result))}`,
    '',
    ...tableOf([{ title: 'Major' }, { title: 'Version' }, { title: 'Programs' }], rows),
    '',
    ...result.did.map((did) => `- ${prose(did)}`),
    '',
  ].join('\n');
}
