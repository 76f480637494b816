import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BackupResult, backup } from '../../src/backup/backup.ts';
import { type DrillResult, drill } from '../../src/drill/drill.ts';
import { backupOptions } from '../../src/options/backup.ts';
import { drillOptions } from '../../src/options/drill.ts';
import { s3SettingsFromEnvironment } from '../../src/storage/open.ts';
import type { Values } from './placeholders.ts';
import type { Server, World } from './world.ts';

const CLONE = join(import.meta.dirname, '..', '..');

/** What a page's commands find: made before the first of them, by code that the page does not show. */
export interface Scenario {
  /** Brings the disaster about. Answers with what the placeholders of the page stand for. */
  prepare(scene: Scene): Promise<Values>;
  /** Looks whether it was overcome; throws when not. */
  check(scene: Scene): Promise<void>;
}

export interface ScenarioStore {
  readonly url: string;
  readonly values: Values;
  /** AWS_* for the engine. */
  readonly environment: Readonly<Record<string, string>>;
}

/** One scenario's own corner of the world. */
export interface Scene {
  readonly world: World;
  /** A name that no other scenario has. */
  readonly database: string;
  /** A folder of its own, where its shell begins. */
  readonly folder: string;
  /** Does this when the scenario has ended, however it did. */
  atEnd(clean: () => unknown): void;
  /** A prefix of its own in the bucket. */
  s3Store(name?: string): Promise<ScenarioStore & { readonly prefix: string }>;
  fileStore(name?: string): ScenarioStore & { readonly folder: string };
  /** More options than those of server and store may be given. */
  backup(server: Server, store: ScenarioStore, given?: Readonly<Record<string, unknown>>): Promise<BackupResult>;
  drill(store: ScenarioStore): Promise<DrillResult>;
  /** A shop on the newest server, with a backup of it in the bucket, which a drill has proven. */
  provenShop(): Promise<{ readonly server: Server; readonly store: ScenarioStore; readonly id: string }>;
  /** The placeholders of a server and of a store. */
  values(server: Server, store: ScenarioStore): Values;
}

export function openScene(world: World, name: string, folder: string): Scene & { close(): Promise<void> } {
  const endings: (() => unknown)[] = [];
  const database = name.replaceAll('-', '_');
  const contextFor = async (store: ScenarioStore) => {
    const context = await world.context();
    return { ...context, environment: { ...context.environment, ...store.environment } };
  };
  const scene: Scene & { close(): Promise<void> } = {
    world,
    database,
    folder,
    atEnd: (clean) => endings.push(clean),
    async close() {
      for (const clean of endings.toReversed()) await clean();
    },
    async s3Store(last = 'store') {
      const { name: bucket, endpoint, region, credentials } = await world.bucket();
      const prefix = `${name}/${last}`;
      return {
        prefix,
        url: `s3://${bucket}/${prefix}`,
        environment: { AWS_ENDPOINT_URL_S3: endpoint, AWS_REGION: region },
        values: {
          STORE: `s3://${bucket}/${prefix}`,
          REGION: region,
          ENDPOINT: endpoint,
          KEY_ID: credentials.accessKeyId,
          KEY_SECRET: credentials.secretAccessKey,
        },
      };
    },
    fileStore(last = 'store') {
      const path = join(folder, last);
      const { href: url } = pathToFileURL(path);
      return { folder: path, url, environment: {}, values: { STORE: url, REGION: '', ENDPOINT: '', KEY_ID: '', KEY_SECRET: '' } };
    },
    async backup(server, store, given = {}) {
      const { user, password, host, port } = server.target;
      const databaseUrl = `postgres://${user}:${encodeURIComponent(password ?? '')}@${host}:${port}/${database}`;
      return backup(backupOptions.parse({ databaseUrl, storage: store.url, ...settingsOf(store), ...given }), await contextFor(store));
    },
    drill: async (store) => drill(drillOptions.parse({ database, storage: store.url, ...settingsOf(store) }), await contextFor(store)),
    async provenShop() {
      const server = await world.newestServer();
      const store = await scene.s3Store();
      await server.makeShop(database);
      const { id } = await scene.backup(server, store);
      await scene.drill(store);
      return { server, store, id };
    },
    values: ({ target }, store) => ({
      CLONE,
      HOST: target.host,
      PORT: String(target.port),
      USER: target.user,
      PASSWORD: target.password ?? '',
      DATABASE: database,
      IDENTITY: '',
      ...store.values,
    }),
  };
  return scene;
}

function settingsOf(store: ScenarioStore): Record<string, string> {
  const { endpoint, region } = s3SettingsFromEnvironment(store.environment);
  return { ...(endpoint === undefined ? {} : { s3Endpoint: endpoint }), ...(region === undefined ? {} : { s3Region: region }) };
}
