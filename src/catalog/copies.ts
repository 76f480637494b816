import { createHash } from 'node:crypto';
import { allOrNothing, inTurns } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { listFolders } from '../copy/listing.ts';
import type { ListedFolder } from '../copy/plan.ts';
import { LifeboatError } from '../errors.ts';
import { MANIFEST_NAME, manifestKey } from '../format/layout.ts';
import { parseManifest } from '../format/manifest.ts';
import type { Finding } from '../format/proof.ts';
import type { Store } from '../storage/store.ts';
import { listDatabases, readWhole } from './backups.ts';

/** What one store has of a backup. */
export interface Holding {
  /** `whole`: the manifest, and every part in its size. `incomplete`: a part is missing or of another size. `unreadable`: no manifest of ours. */
  readonly state: 'whole' | 'incomplete' | 'unreadable';
  readonly manifestSha256: string;
}

export type HoldingState = Holding['state'] | 'absent' | 'differs';

export interface CopiedTo {
  readonly database: string;
  readonly id: string;
  /** One for each store, in their order. `differs`: its manifest is another than that of the first store that has one. */
  readonly stores: readonly HoldingState[];
}

export interface AllCopies {
  /** The first store, then the copies; `problem` says why one could not be read. */
  readonly stores: readonly { readonly storage: string; readonly problem: string | null }[];
  /** By database, newest first: every backup that any of them has. */
  readonly backups: readonly CopiedTo[];
  /** What a person should look into: not that a copy lacks a backup, which a retention of its own may have deleted. */
  readonly findings: readonly Finding[];
}

/** Which backup is in which store, and whether whole and the same there. Parts are compared by their sizes; `verify` reads them. */
export async function listAllCopies(stores: readonly Store[], database: string | undefined, context: Context): Promise<AllCopies> {
  const shelves: { storage: string; problem: string | null; held: Map<string, Map<string, Holding>> }[] = [];
  for (const store of stores) {
    try {
      shelves.push({ storage: store.url, problem: null, held: await readStore(store, database, context) });
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof LifeboatError)) throw error;
      shelves.push({ storage: store.url, problem: error.message, held: new Map() });
    }
  }
  const databases = [...new Set(shelves.flatMap(({ held }) => [...held.keys()]))].sort();
  const backups = databases.flatMap((name) =>
    compareHoldings(shelves.map(({ held }) => held.get(name) ?? new Map())).map((one) => ({ database: name, ...one })),
  );
  return { stores: shelves.map(({ storage, problem }) => ({ storage, problem })), backups, findings: findingsOf(shelves, backups) };
}

/** Of one database: every backup with its state in each store, newest first. Pure. */
export function compareHoldings(shelves: readonly ReadonlyMap<string, Holding>[]): Pick<CopiedTo, 'id' | 'stores'>[] {
  const ids = [...new Set(shelves.flatMap((shelf) => [...shelf.keys()]))].sort().reverse();
  return ids.map((id) => {
    const reference = shelves.map((shelf) => shelf.get(id)).find((holding) => holding !== undefined);
    return {
      id,
      stores: shelves.map((shelf): HoldingState => {
        const holding = shelf.get(id);
        if (holding === undefined) return 'absent';
        return holding.manifestSha256 === reference?.manifestSha256 ? holding.state : 'differs';
      }),
    };
  });
}

const MESSAGES: Readonly<Partial<Record<HoldingState, string>>> = {
  differs: 'it has another manifest there than in the first store that has it',
  incomplete: 'a part is missing there, or of another size',
  unreadable: 'its manifest cannot be read there',
};

function findingsOf(stores: readonly { readonly storage: string; readonly problem: string | null }[], backups: readonly CopiedTo[]): Finding[] {
  return [
    ...stores.flatMap(({ storage, problem }) => (problem === null ? [] : [{ object: storage, message: problem }])),
    ...backups.flatMap(({ database, id, stores: states }) =>
      states.flatMap((state, i) => {
        const message = MESSAGES[state];
        return message === undefined ? [] : [{ object: `${database}/${id} in ${stores[i]?.storage}`, message }];
      }),
    ),
  ];
}

const AT_ONCE = 16;

async function readStore(store: Store, database: string | undefined, { signal }: Context): Promise<Map<string, Map<string, Holding>>> {
  const databases = database === undefined ? await listDatabases(store, signal) : [database];
  const held = new Map<string, Map<string, Holding>>();
  for (const name of databases) {
    const holdings = new Map<string, Holding>();
    const folders = (await listFolders(store, name, signal)).filter(({ objects }) => objects.has(MANIFEST_NAME));
    const readOne = (folder: ListedFolder) => async (stop: AbortSignal) => {
      const holding = await readHolding(store, name, folder, stop);
      if (holding !== null) holdings.set(folder.id, holding);
    };
    await allOrNothing(signal, inTurns(folders.map(readOne), AT_ONCE));
    if (holdings.size > 0) held.set(name, holdings);
  }
  return held;
}

/** `null` when it was deleted since it was listed. */
async function readHolding(store: Store, database: string, { id, objects }: ListedFolder, signal: AbortSignal): Promise<Holding | null> {
  const key = manifestKey(database, id);
  const bytes = await readWhole(store, key, signal);
  if (bytes === null) return null;
  const manifestSha256 = createHash('sha256').update(bytes).digest('hex');
  try {
    const { parts } = parseManifest(bytes.toString('utf8'), `${store.url}/${key}`);
    const isWhole = parts.every(({ name, stored }) => objects.get(name) === stored.bytes);
    return { state: isWhole ? 'whole' : 'incomplete', manifestSha256 };
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    return { state: 'unreadable', manifestSha256 };
  }
}
