import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { readGlobals } from '../backup/globals.ts';
import { bytesForScratch } from '../drill/disk.ts';
import { LifeboatError } from '../errors.ts';
import { listOfferedExtensions } from '../postgres/extension-files.ts';
import { readExtensions, readRoles, readSuperuserOwners } from '../postgres/inventory.ts';
import { countConflicts, readHeldTables, readPrepared, readSlots } from '../postgres/preflight/activity.ts';
import { countLargeObjectsFor, readClosedSchemas, readRestoredFunctions, readUnlogged, readUserNames } from '../postgres/preflight/objects.ts';
import { isLockable, readableLargeObject } from '../postgres/relations.ts';
import { judgeLocks, judgeReplication, judgeTimeouts } from './checks/activity.ts';
import { judgeConnections, judgeDisk, judgeDuration, judgeLockTable } from './checks/capacity.ts';
import { judgeClock } from './checks/clock.ts';
import { judgeExtensions } from './checks/extensions.ts';
import { judgeLargeObjects } from './checks/large-objects.ts';
import { judgePrivileges, judgeRowSecurity } from './checks/privileges.ts';
import { judgeProvider } from './checks/provider.ts';
import { judgeRoles } from './checks/roles.ts';
import { judgeSearchPath } from './checks/search-path.ts';
import { judgeTls } from './checks/tls.ts';
import { judgeUnlogged } from './checks/unlogged.ts';
import { judgeVersions } from './checks/versions.ts';
import type { Judgement } from './judgement.ts';
import type { Scene } from './scene.ts';

export interface SourceCheck {
  readonly name: string;
  readonly look: (scene: Scene, signal: AbortSignal) => Promise<Judgement>;
}

/** Facts from the database, a judgement from the facts; in the order of the report. */
export const SOURCE_CHECKS: readonly SourceCheck[] = [
  {
    name: 'tls',
    look: async ({ target: { host, parameters }, server }) =>
      judgeTls({ host, sslmode: parameters['sslmode'], sslrootcert: parameters['sslrootcert'], encrypted: (await server()).encrypted }),
  },
  {
    name: 'provider',
    look: async (scene) => {
      const schemas = [...new Set((await scene.relations()).map(({ schema }) => schema))];
      return judgeProvider(await scene.profile(), schemas, scene.options.profile !== 'auto');
    },
  },
  { name: 'versions', look: lookAtVersions },
  {
    name: 'privileges',
    look: async (scene) => {
      const { role, major } = await scene.server();
      const relations = await scene.relations();
      const closedSchemas = await readClosedSchemas(scene.session, [...new Set(relations.map(({ schema }) => schema))]);
      return judgePrivileges({ role: role.name, serverMajor: major, relations, closedSchemas, profile: await scene.profile() });
    },
  },
  {
    name: 'row-level security',
    look: async (scene) => {
      const { role } = await scene.server();
      return judgeRowSecurity({ role: role.name, bypass: role.superuser || role.bypassRls, relations: await scene.relations() });
    },
  },
  {
    name: 'large objects',
    look: async ({ session, target, selection }) =>
      judgeLargeObjects(await countLargeObjectsFor(session, readableLargeObject(session)), target.user, selection.schemas.length > 0),
  },
  { name: 'extensions', look: lookAtExtensions },
  { name: 'roles', look: lookAtRoles },
  { name: 'search path', look: async ({ session }) => judgeSearchPath(await readRestoredFunctions(session), await readUserNames(session)) },
  {
    name: 'unlogged tables',
    look: async (scene) => {
      const oids = (await scene.relations()).map(({ oid }) => oid);
      return judgeUnlogged(await readUnlogged(scene.session, oids), (await scene.server()).standby);
    },
  },
  { name: 'disk', look: lookAtDisk },
  {
    name: 'duration',
    look: async (scene) => judgeDuration(await scene.prediction(), scene.options.timeLimit, (await scene.server()).databaseBytes),
  },
  {
    name: 'locks',
    look: async (scene) => {
      const oids = (await scene.relations()).filter(isLockable).map(({ oid }) => oid);
      return judgeLocks(await readHeldTables(scene.session, oids), await readPrepared(scene.session), scene.options.lockTimeout);
    },
  },
  { name: 'timeouts', look: async ({ server }) => judgeTimeouts((await server()).settings) },
  {
    name: 'replication',
    look: async (scene) => {
      const { standby, settings } = await scene.server();
      const { backupSeconds } = await scene.prediction();
      const [slots, conflicts] = [await readSlots(scene.session), await countConflicts(scene.session)];
      return judgeReplication({ standby, settings, slots, conflicts, backupSeconds });
    },
  },
  {
    name: 'lock table',
    look: async (scene) => {
      const { settings } = await scene.server();
      return judgeLockTable({
        // also those that it may not read yet
        tables: (await scene.relations()).filter(({ kind }) => kind === 'r' || kind === 'p').length,
        jobs: scene.jobs,
        locksPerTransaction: Number(settings['max_locks_per_transaction']),
        maxConnections: Number(settings['max_connections']),
        maxPrepared: Number(settings['max_prepared_transactions']),
      });
    },
  },
  { name: 'connections', look: lookAtConnections },
  {
    name: 'clock',
    look: async ({ server }) => {
      const { clockSeconds, clockError } = await server();
      return judgeClock('the database server', clockSeconds, clockError, false);
    },
  },
];

async function lookAtVersions(scene: Scene): Promise<Judgement> {
  const { version, major } = await scene.server();
  const client = await scene.client();
  const servers = (await scene.installations()).flatMap(({ server }) => (server === null ? [] : [server.major]));
  return judgeVersions({
    serverVersion: version.split(' ')[0] ?? version,
    serverMajor: major,
    client: client instanceof LifeboatError ? client : { version: client.client?.version ?? '', bindir: client.bindir },
    scratchMajors: servers,
    today: scene.now,
  });
}

async function lookAtExtensions(scene: Scene): Promise<Judgement> {
  const { major } = await scene.server();
  const scratch = (await scene.installations()).find(({ server }) => server?.major === major);
  return judgeExtensions({
    serverMajor: major,
    installed: await readExtensions(scene.session),
    offered: scratch === undefined ? null : await listOfferedExtensions(scratch),
    profile: await scene.profile(),
    allowed: scene.options.allowMissingExtension,
  });
}

async function lookAtRoles(scene: Scene, signal: AbortSignal): Promise<Judgement> {
  const client = await scene.client();
  const [referredTo, superusers] = [await readRoles(scene.session), await readSuperuserOwners(scene.session)];
  const globals = client instanceof LifeboatError ? ('not-tried' as const) : await readGlobals(scene.target, client, { ...scene.context, signal });
  return judgeRoles({ referredTo, superusers, globals: Buffer.isBuffer(globals) ? 'readable' : globals, profile: await scene.profile() });
}

async function lookAtDisk(scene: Scene): Promise<Judgement> {
  const { databaseBytes } = await scene.server();
  const folder = scene.options.scratchFolder === undefined ? tmpdir() : resolve(scene.options.scratchFolder);
  const free = await statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
  return judgeDisk({ neededBytes: bytesForScratch(databaseBytes), folder, freeBytes: free });
}

async function lookAtConnections(scene: Scene): Promise<Judgement> {
  const { settings, connections, role, databaseConnectionLimit } = await scene.server();
  const setting = (name: string) => Number(settings[name] ?? 0);
  return judgeConnections({
    jobs: scene.jobs,
    max: setting('max_connections'),
    reserved: role.superuser ? 0 : setting('superuser_reserved_connections') + setting('reserved_connections'),
    // this session ends before a backup begins
    inUse: connections.all - 1,
    roleLimit: role.connectionLimit,
    roleInUse: connections.ofRole - 1,
    databaseLimit: databaseConnectionLimit,
    databaseInUse: connections.ofDatabase - 1,
    superuser: role.superuser,
  });
}
