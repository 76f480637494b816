import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { Session } from '../../postgres/connect.ts';
import { displayName } from '../../postgres/identifiers.ts';
import type { Ledger } from './ledger.ts';
import { type InvalidIndex, leftoversOf, looksLeftOver, type Named, type Underway } from './leftovers.ts';
import { dropIndex, dropStatement, findIndex, readFacts, readInvalid } from './read.ts';
import { endSession } from './sessions.ts';

/** What a rebuild that ended midway has left. */
export interface Leftover {
  readonly schema: string;
  readonly name: string;
  readonly table: string;
  readonly bytes: number | null;
  /** It is noted that a run of ours left it, so that the next one removes it. */
  readonly noted: boolean;
  readonly removed: boolean;
  /** Why it was not; `null` when it was. */
  readonly why: string | null;
  /** What removes it. */
  readonly sql: string;
}

/** Short: whoever uses the table meanwhile is waited for, and a DROP that waits keeps a migration waiting. */
const DROP_LOCK_TIMEOUT_MS = 1000;
const DROP_ATTEMPTS = 3;
/** Told to stop, a run has five seconds for everything. */
const HURRIED_LOCK_TIMEOUT_MS = 500;
const SESSION_PATIENCE_MS = 10_000;

/**
 * Removes what one rebuild has left, as far as that is sure to be its own; where nothing remains, the ledger is told.
 * @param hasEnded whether the session that rebuilt is gone: as long as it is not, it may still leave something
 */
export async function clearAfter(control: Session, rebuild: Underway, hasEnded: boolean, ledger: Ledger, context: Context): Promise<Leftover[]> {
  const invalid = await readInvalid(control, rebuild.tableOid);
  const names = await namesNow(control, rebuild);
  const found = leftoversOf(rebuild, invalid, names);
  const cleared: Leftover[] = [];
  for (const index of found) cleared.push(await remove(control, index, context));
  // one that another session works on may still become ours
  const busy = leftoversOf(
    rebuild,
    invalid.filter((index) => index.busy).map((index) => ({ ...index, busy: false })),
    names,
  );
  const kept = busy.map((index) => told(index, 'another session works on it'));
  if (hasEnded && [...cleared, ...kept].every(({ removed }) => removed)) await ledger.settle(rebuild.oid);
  return [...cleared, ...kept];
}

/** What the index is called and made of by now: its table or a column may have been renamed, and a copy has the new names too. */
async function namesNow(control: Session, rebuild: Underway): Promise<Named[]> {
  const [old] = await readFacts(control, [rebuild.oid]);
  const [named] = await findIndex(control, rebuild);
  return [old, named?.facts].flatMap((facts) => (facts === undefined || facts.definition === null ? [] : { ...facts, definition: facts.definition }));
}

/** What runs that died have left: what is noted as ours is removed; what only looks like it, when that was asked for. */
export async function recover(
  control: Session,
  ledger: Ledger,
  options: { readonly apply: boolean; readonly removeLeftovers: boolean },
  context: Context,
): Promise<Leftover[]> {
  const leftovers: Leftover[] = [];
  for (const rebuild of ledger.unsettled) {
    if (options.apply) {
      const hasEnded = await endSession(control, rebuild.session, SESSION_PATIENCE_MS);
      if (!hasEnded) {
        context.log.warn(`Process ${rebuild.session.pid}, which an earlier run began to rebuild ${displayName(rebuild)} in, does not end.`);
      }
      leftovers.push(...(await clearAfter(control, rebuild, hasEnded, ledger, context)));
    } else {
      const found = leftoversOf(rebuild, await readInvalid(control, rebuild.tableOid), await namesNow(control, rebuild));
      leftovers.push(...found.map((index) => told(index, 'this is a dry run; with --apply it is removed')));
    }
  }
  const known = new Set(leftovers.map(({ sql }) => sql));
  for (const index of await unknownLeftovers(control)) {
    if (known.has(dropStatement(index))) continue;
    const isWanted = options.apply && options.removeLeftovers;
    leftovers.push(
      isWanted ? await remove(control, index, context) : told(index, 'it is not noted whose it is; --apply --remove-leftovers removes it', false),
    );
  }
  return leftovers;
}

/** Invalid, not worked on, and made like an index of the same table that is there. */
async function unknownLeftovers(control: Session): Promise<InvalidIndex[]> {
  const candidates = (await readInvalid(control, null)).filter((index) => !index.busy && /_cc(?:new|old)\d*$/.test(index.name));
  const found: InvalidIndex[] = [];
  for (const index of candidates) {
    const rows = await control.query<{ oid: number }>(
      'SELECT indexrelid::int8::float8 AS oid FROM pg_catalog.pg_index WHERE indrelid = $1::oid AND indexrelid <> $2::oid',
      [index.tableOid, index.oid],
    );
    const siblings = await readFacts(
      control,
      rows.map(({ oid }) => oid),
    );
    if (siblings.some((sibling) => looksLeftOver(index, sibling))) found.push(index);
  }
  return found;
}

async function remove(control: Session, index: InvalidIndex, { log, signal }: Context): Promise<Leftover> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await dropIndex(control, index, signal.aborted ? HURRIED_LOCK_TIMEOUT_MS : DROP_LOCK_TIMEOUT_MS);
      log.info(`Removed ${displayName(index)}, which a rebuild had left.`);
      return { ...told(index, ''), removed: true, why: null };
    } catch (error) {
      if (!(error instanceof LifeboatError)) throw error;
      if (error.details['sqlstate'] === '42P01' || error.details['sqlstate'] === '42704') return { ...told(index, ''), removed: true, why: null };
      const again = ['55P03', '40P01'].includes(String(error.details['sqlstate'])) && attempt < DROP_ATTEMPTS && !signal.aborted;
      if (again) continue;
      log.warn(`${displayName(index)} is left over and could not be removed: ${error.message} ${dropStatement(index)}; removes it.`);
      return told(index, error.message);
    }
  }
}

function told(index: InvalidIndex, why: string, noted = true): Leftover {
  return { schema: index.schema, name: index.name, table: index.table, bytes: index.bytes, noted, removed: false, why, sql: dropStatement(index) };
}
