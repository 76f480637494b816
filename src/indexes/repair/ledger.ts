import type { Log } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import { areTwoClusters } from '../../postgres/inventory.ts';
import type { Underway } from './leftovers.ts';
import { NO_STATE, type RaisedThreshold, type RepairState, type StateFile } from './state.ts';

/** Which database the oids of a state are of. */
export type DatabaseIdentity = NonNullable<RepairState['of']>;

/** What this run and earlier ones have noted, written down as it changes. */
export interface Ledger {
  /** Whether it outlives this process. */
  readonly kept: boolean;
  /** What earlier runs began in this database, and nobody has settled since. */
  readonly unsettled: readonly Underway[];
  thresholdOf(index: { readonly schema: string; readonly name: string }): number | null;
  /** Before a rebuild begins; throws where it cannot be noted. */
  begin(rebuild: Underway): Promise<void>;
  /** Nothing is left of that rebuild. */
  settle(oid: number): Promise<void>;
  raise(threshold: RaisedThreshold): Promise<void>;
}

/**
 * @param file where it is kept; `null` for nowhere
 * @throws LifeboatError `bad-option` where it notes what is under way in another database: writing there would forget that
 */
export async function openLedger(file: StateFile | null, of: DatabaseIdentity, log: Log): Promise<Ledger> {
  let state = file === null ? NO_STATE : await file.read();
  const isOurs = state.of === null || (state.of.database === of.database && !areTwoClusters(state.of.systemIdentifier, of.systemIdentifier));
  if (!isOurs && state.underway.length > 0) {
    throw new LifeboatError(
      'bad-option',
      `${file?.where} notes rebuilds of another database, ${state.of?.database} of server ${state.of?.systemIdentifier}, that have not been put away.`,
      'Give each database a --state file, or a --database name in the store, of its own. If that server is gone for good, delete the file.',
    );
  }
  const unsettled = isOurs ? state.underway : [];
  // a role that may not ask forgets nothing that another has noted
  const known = isOurs ? { ...of, systemIdentifier: of.systemIdentifier ?? state.of?.systemIdentifier ?? null } : of;
  state = { ...(isOurs ? state : NO_STATE), of: known, underway: unsettled };

  const write = async (next: RepairState) => {
    state = next;
    await file?.write(next);
  };
  /** What could not be noted after the fact is found out again by the next run. */
  const writeLate = async (next: RepairState) => {
    await write(next).catch((error: Error) => log.warn(`${file?.where} could not be written: ${error.message}`));
  };
  const others = (oid: number) => state.underway.filter((one) => one.oid !== oid);
  return {
    kept: file !== null,
    unsettled,
    thresholdOf: ({ schema, name }) => state.thresholds.find((one) => one.schema === schema && one.name === name)?.threshold ?? null,
    begin: (rebuild) => write({ ...state, underway: [...others(rebuild.oid), { ...rebuild, invalidBefore: [...rebuild.invalidBefore] }] }),
    async settle(oid) {
      if (state.underway.some((one) => one.oid === oid)) await writeLate({ ...state, underway: others(oid) });
    },
    raise: (threshold) =>
      writeLate({
        ...state,
        thresholds: [...state.thresholds.filter((one) => one.schema !== threshold.schema || one.name !== threshold.name), threshold],
      }),
  };
}
