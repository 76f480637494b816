import { defaultJobs } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import type { Selection } from '../format/manifest.ts';
import type { PreflightOptions } from '../options/preflight.ts';
import type { Session } from '../postgres/connect.ts';
import { readServerFacts, type ServerFacts } from '../postgres/preflight/server.ts';
import { chooseClient, findInstallations, type Installation } from '../postgres/programs.ts';
import { readProvider } from '../postgres/provider.ts';
import { listRelations, type Relation } from '../postgres/relations.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import { profileOf } from '../providers/detect.ts';
import type { Profile, Provider } from '../providers/profiles.ts';
import { type PastBackup, type Prediction, predict } from './predict.ts';

export interface SceneOptions {
  readonly options: PreflightOptions;
  /** The last backups of the database; a reason where they could not be read. */
  readonly past: readonly PastBackup[];
  readonly now: Date;
}

/** What several checks of the source ask for, each read once and only when asked. One that cannot be read fails those that ask, and no other. */
export interface Scene extends SceneOptions {
  readonly session: Session;
  readonly target: ConnectionTarget;
  readonly context: Context;
  readonly jobs: number;
  readonly selection: Selection;
  server(): Promise<ServerFacts>;
  relations(): Promise<readonly Relation[]>;
  installations(): Promise<readonly Installation[]>;
  /** Programs for this server, or why there are none. */
  client(): Promise<Installation | LifeboatError>;
  provider(): Promise<Provider | null>;
  profile(): Promise<Profile | null>;
  prediction(): Promise<Prediction>;
}

export function createScene(session: Session, target: ConnectionTarget, given: SceneOptions, context: Context): Scene {
  const { options, past } = given;
  const selection: Selection = {
    schemas: options.schema,
    excludeSchemas: options.excludeSchema,
    excludeTables: options.excludeTable,
    excludeTableData: options.excludeTableData,
  };
  const server = once(() => readServerFacts(session));
  const installations = once(() => findInstallations(context.environment));
  const provider = once(() => readProvider(session, target.host));
  return {
    ...given,
    session,
    target,
    context,
    jobs: options.jobs ?? defaultJobs(),
    selection,
    server,
    installations,
    provider,
    relations: once(() => readRelations(session, selection)),
    client: once(async () => clientFor(await installations(), Math.floor(session.versionNumber / 10_000))),
    profile: once(async () => profileOf(options.profile, await provider())),
    prediction: once(async () => predict((await server()).databaseBytes, past)),
  };
}

/** The role's own search path says what a pattern without a schema means. */
async function readRelations(session: Session, selection: Selection): Promise<Relation[]> {
  await session.query('RESET search_path');
  try {
    return await listRelations(session, selection);
  } finally {
    await session.query("SET search_path = ''");
  }
}

function clientFor(installations: readonly Installation[], major: number): Installation | LifeboatError {
  try {
    return chooseClient(installations, major);
  } catch (error) {
    if (error instanceof LifeboatError) return error;
    throw error;
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read();
    return reading;
  };
}
