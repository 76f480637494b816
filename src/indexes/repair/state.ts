import { readFile, rename, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { LifeboatError } from '../../errors.ts';
import { databaseFolder } from '../../format/layout.ts';
import type { Store } from '../../storage/store.ts';

const rebuild = z.object({
  oid: z.number(),
  schema: z.string(),
  name: z.string(),
  tableOid: z.number(),
  definition: z.string(),
  invalidBefore: z.array(z.number()),
  at: z.string(),
  session: z.object({ pid: z.number(), startedAt: z.string() }),
});

const threshold = z.object({
  schema: z.string(),
  name: z.string(),
  /** Live size in rebuilt sizes from which on the index is worth a rebuild again. */
  threshold: z.number(),
  /** ISO time. */
  at: z.string(),
  reason: z.string(),
});

const state = z.object({
  format: z.literal(1),
  /** The database that the oids are of; `null` before anything was rebuilt. */
  of: z.object({ systemIdentifier: z.string().nullable(), database: z.string() }).nullable(),
  /** Rebuilds that began and of which nobody has yet said that nothing of them is left. */
  underway: z.array(rebuild),
  thresholds: z.array(threshold),
});

/** What one run of `reindex` has to tell the next, and the report: plain JSON. */
export type RepairState = z.infer<typeof state>;
export type RaisedThreshold = RepairState['thresholds'][number];

export const NO_STATE: RepairState = { format: 1, of: null, underway: [], thresholds: [] };

export interface StateFile {
  /** For messages: a key in a store, or a path. */
  readonly where: string;
  /** What was written last; NO_STATE before that. Throws `bad-option` for what is no such file. */
  read(): Promise<RepairState>;
  write(state: RepairState): Promise<void>;
}

/** Where the state of a database's repairs lies in a store. */
export function stateKey(database: string): string {
  return `${databaseFolder(database)}/reindex/state.json`;
}

export function stateInStore(store: Store, database: string): StateFile {
  const key = stateKey(database);
  return {
    where: key,
    async read() {
      return (await store.head(key)) === null ? NO_STATE : parseState(await text(await store.get(key)), key);
    },
    async write(next) {
      await store.put(key, Buffer.from(`${JSON.stringify(next, null, 2)}\n`));
    },
  };
}

/** @param path of a file in a folder that is there */
export function stateInFile(path: string): StateFile {
  return {
    where: path,
    async read() {
      const found = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw unusable(path, error);
      });
      return found === null ? NO_STATE : parseState(found, path);
    },
    async write(next) {
      try {
        await writeFile(`${path}.new`, `${JSON.stringify(next, null, 2)}\n`);
        await rename(`${path}.new`, path);
      } catch (error) {
        throw unusable(path, error as Error);
      }
    },
  };
}

function parseState(found: string, where: string): RepairState {
  try {
    return state.parse(JSON.parse(found));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new LifeboatError(
      'bad-option',
      `${where} is not the state of a reindex: ${why}`,
      'If no reindex is running, look into pg_index for invalid indexes named _ccnew or _ccold, then delete that file.',
    );
  }
}

function unusable(path: string, error: Error): LifeboatError {
  return new LifeboatError(
    'bad-option',
    `--state: ${path} cannot be used: ${error.message}`,
    'Name a file in a folder that is there and may be written to.',
  );
}
