import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import type { Manifest } from '../format/manifest.ts';
import type { DrillOptions } from '../options/drill.ts';
import { withSession } from '../postgres/connect.ts';
import { packageOf } from '../postgres/extension-files.ts';
import { quoteIdentifier, quoteLiteral } from '../postgres/identifiers.ts';
import { chooseServer, findInstallations } from '../postgres/programs.ts';
import { startScratch } from '../postgres/scratch.ts';
import { type ConnectionTarget, describeTarget, parseDatabaseUrl, withDatabase } from '../postgres/url.ts';
import { PROFILES, PROVIDERS } from '../providers/profiles.ts';
import { assertRoom } from './disk.ts';
import { drillProfile } from './profile.ts';

/** An empty database of the drill's own. */
export interface Place {
  readonly kind: 'cluster' | 'database';
  readonly target: ConnectionTarget;
  readonly serverVersion: string;
  readonly serverMajor: number;
  /** The locale taken because the server does not have the source's; `null` when it does. */
  readonly localeInstead: string | null;
  /** Extensions that the backup needs and this server does not offer; the user said that it may do without. */
  readonly absentExtensions: readonly string[];
  /** Leaves the restored database for a person to look at; answers with how to get in, which holds no secret. */
  keep(): Promise<string>;
  /** Drops the database, or ends the server. Safe to call again. */
  destroy(): Promise<void>;
}

/**
 * Starts a throwaway server of the source's major version, or makes a throwaway database on the server that `--into` names.
 * @throws LifeboatError `scratch-failed`, `disk-too-small`, `extension-missing`, and those of a connection
 */
export async function openPlace(manifest: Manifest, options: DrillOptions, context: Context): Promise<Place> {
  const place = options.into === undefined ? await startCluster(manifest, options, context) : await makeDatabase(manifest, options.into, context);
  try {
    return { ...place, absentExtensions: await findAbsentExtensions(manifest, place, mayBeMissing(manifest, options), context.signal) };
  } catch (error) {
    await place.destroy();
    throw error;
  }
}

type Opened = Omit<Place, 'absentExtensions'>;

async function startCluster(manifest: Manifest, options: DrillOptions, context: Context): Promise<Opened> {
  const installation = chooseServer(await findInstallations(context.environment), manifest.source.serverMajor);
  // the server runs in a folder of its own: a relative path would be another there
  const root = options.scratchFolder === undefined ? tmpdir() : resolve(options.scratchFolder);
  await assertRoom(manifest, root);
  const scratch = await startScratch({ installation, context, root });
  try {
    await createRoles(scratch.target, manifest, [], context.signal);
    const localeInstead = await createDatabase(scratch.target, DATABASE, manifest.source, context.signal);
    return {
      kind: 'cluster',
      target: withDatabase(scratch.target, DATABASE),
      serverVersion: scratch.serverVersion,
      serverMajor: manifest.source.serverMajor,
      localeInstead,
      keep: async () =>
        `PGPASSFILE=${await scratch.keep()} psql -h ${scratch.socketFolder} -p ${scratch.target.port} -U ${scratch.target.user} ${DATABASE}`,
      destroy: scratch.stop,
    };
  } catch (error) {
    await scratch.stop();
    throw error;
  }
}

async function makeDatabase(manifest: Manifest, url: string, context: Context): Promise<Opened> {
  const server = parseDatabaseUrl(url, context.environment);
  const name = `lifeboat_drill_${randomBytes(6).toString('hex')}`;
  const created: string[] = [];
  // Not the caller's signal: what was made has to go on every way out.
  const destroy = async () => {
    await withSession(server, { signal: AbortSignal.timeout(10_000) }, async (session) => {
      await session.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`);
      for (const role of created.splice(0)) await session.query(`DROP ROLE IF EXISTS ${quoteIdentifier(role)}`);
    }).catch((error: Error) => context.log.warn(`The throwaway database ${name} could not be dropped: ${error.message}`));
  };
  try {
    const version = await withSession(server, { signal: context.signal }, async (session) => session.versionNumber);
    await createRoles(server, manifest, created, context.signal);
    const localeInstead = await createDatabase(server, name, manifest.source, context.signal);
    const target = withDatabase(server, name);
    return {
      kind: 'database',
      target,
      serverVersion: `${Math.floor(version / 10_000)}.${version % 10_000}`,
      serverMajor: Math.floor(version / 10_000),
      localeInstead,
      keep: async () => describeTarget(target),
      destroy,
    };
  } catch (error) {
    await destroy();
    throw error;
  }
}

const DATABASE = 'restored';

/**
 * Roles that the dump refers to, without login: all that are missing, or none. They are in `created` before they are there for good, so that
 * whoever is interrupted knows what to drop.
 */
async function createRoles(
  server: ConnectionTarget,
  { roles, superusers = [] }: Pick<Manifest, 'roles' | 'superusers'>,
  created: string[],
  signal: AbortSignal,
): Promise<void> {
  await withSession(server, { signal }, async (session) => {
    const rows = await session.query<{ rolname: string }>('SELECT rolname FROM pg_catalog.pg_roles');
    const there = new Set(rows.map((row) => row.rolname));
    const missing = roles.filter((role) => !there.has(role));
    const [self] = await session.query<{ rolsuper: boolean }>('SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user');
    await session.query('BEGIN');
    for (const role of missing) {
      await session.query(`CREATE ROLE ${quoteIdentifier(role)} NOLOGIN ${self?.rolsuper && superusers.includes(role) ? 'SUPERUSER' : ''}`);
      // Only a member may make it the owner of something.
      if (!self?.rolsuper) await session.query(`GRANT ${quoteIdentifier(role)} TO CURRENT_USER`);
    }
    created.push(...missing);
    await session.query('COMMIT');
  });
}

/** Creates a database with the source's encoding and locale, or with the nearest locale that the server has, and then answers with that one. */
async function createDatabase(server: ConnectionTarget, name: string, source: Manifest['source'], signal: AbortSignal): Promise<string | null> {
  const attempts = [
    { locale: null, sql: localeClause(source) },
    // lower() and upper() on it know every letter, which generated columns and checks may need
    { locale: 'C.UTF-8', sql: `LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'` },
    { locale: 'C', sql: `LC_COLLATE 'C' LC_CTYPE 'C'` },
  ];
  return withSession(server, { signal }, async (session) => {
    let failure: unknown;
    for (const attempt of attempts) {
      try {
        await session.query(
          `CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE template0 ENCODING ${quoteLiteral(source.encoding)} ${providerClause(attempt.locale, source, session.versionNumber)} ${attempt.sql}`,
        );
        return attempt.locale;
      } catch (error) {
        if (!(error instanceof LifeboatError) || error.code !== 'query-failed') throw error;
        failure ??= error;
      }
    }
    throw failure;
  });
}

function localeClause(source: Manifest['source']): string {
  const libc = `LC_COLLATE ${quoteLiteral(source.collate)} LC_CTYPE ${quoteLiteral(source.ctype)}`;
  if (source.localeProvider === 'icu') return `${libc} ICU_LOCALE ${quoteLiteral(source.locale ?? 'und')}`;
  if (source.localeProvider === 'builtin') return `${libc} BUILTIN_LOCALE ${quoteLiteral(source.locale ?? 'C')}`;
  return libc;
}

function providerClause(instead: string | null, source: Manifest['source'], versionNumber: number): string {
  if (versionNumber < 150_000) return '';
  return `LOCALE_PROVIDER ${instead === null ? source.localeProvider : 'libc'}`;
}

function mayBeMissing(manifest: Manifest, options: DrillOptions): string[] {
  return [...options.allowMissingExtension, ...(drillProfile(manifest, options)?.extensions ?? [])];
}

function hintOfProfile(missing: readonly string[]): string {
  const provider = PROVIDERS.find((name) => missing.every((extension) => PROFILES[name].extensions.includes(extension)));
  return provider === undefined ? '' : ` For a database of ${PROFILES[provider].title}, --profile ${provider} says the same.`;
}

async function findAbsentExtensions(manifest: Manifest, place: Opened, allowed: readonly string[], signal: AbortSignal): Promise<string[]> {
  const rows = await withSession(place.target, { signal }, (session) =>
    session.query<{ name: string }>('SELECT name FROM pg_catalog.pg_available_extensions'),
  );
  const available = new Set(rows.map((row) => row.name));
  const absent = manifest.extensions.map((extension) => extension.name).filter((name) => !available.has(name));
  const missing = absent.filter((name) => !allowed.includes(name));
  if (missing.length === 0) return absent;
  const packages = missing.map((name) => packageOf(name, place.serverMajor));
  throw new LifeboatError(
    'extension-missing',
    `The backup needs ${missing.length === 1 ? 'an extension' : 'extensions'} that scratch does not offer: ${missing.join(', ')}.`,
    `Install ${packages.join(', ')} (contrib extensions are in postgresql-contrib), or accept that what hangs on it is not proven: ${missing.map((name) => `--allow-missing-extension ${name}`).join(' ')}.${hintOfProfile(missing)}`,
    { details: { extensions: missing } },
  );
}
