import { stat } from 'node:fs/promises';
import type { PreflightOptions } from '../options/preflight.ts';
import type { BucketFacts, FolderFacts, Inspector, StoreFacts } from '../storage/inspect.ts';
import type { Store } from '../storage/store.ts';
import { judgeEncryption, judgeLifecycle, judgeObjectLock, judgePublicAccess, judgeVersioning, longestKeep } from './checks/bucket.ts';
import { judgeClock } from './checks/clock.ts';
import { judgeFolder, judgeFolderLock, judgeSameDisk, judgeSpace } from './checks/folder.ts';
import { isLocal } from './checks/tls.ts';
import { isolate, notRun } from './isolate.ts';
import { type Judgement, only, type PreflightCheck, unknown } from './judgement.ts';
import type { Prediction } from './predict.ts';
import { roundTrip } from './round-trip.ts';

/** What is known of the source; `null` where it could not be asked. */
export interface SourceFacts {
  readonly host: string;
  /** `null` where the role may not see it. */
  readonly dataDirectory: string | null;
  readonly prediction: Prediction;
}

export interface StoreJob {
  readonly store: Store;
  readonly inspector: Inspector;
  readonly options: PreflightOptions;
  readonly source: SourceFacts | null;
  readonly now: Date;
}

/** Every check of the store: a real round trip, then how it is set up. */
export async function examineStore(job: StoreJob, signal: AbortSignal): Promise<PreflightCheck[]> {
  const trip = await roundTrip(job.store, job.inspector, job.now, signal);
  const reached = trip.some(({ verdict }) => verdict === 'pass' || verdict === 'warn');
  const isBucket = /^s3:/i.test(job.store.url);
  const names = isBucket ? BUCKET_CHECKS.map(({ name }) => name) : FOLDER_CHECKS.map(({ name }) => name);
  if (!reached) return [...trip, ...names.map((name) => notRun('store', name, 'The store cannot be reached.'))];
  const seen: { facts?: StoreFacts } = {};
  const asked = await isolate({ area: 'store', name: 'set-up', signal }, async (stop) => {
    seen.facts = await job.inspector.inspect(stop);
    return { says: '', remarks: [] };
  });
  const { facts } = seen;
  if (facts === undefined) return [...trip, ...names.map((name) => notRun('store', name, asked.says))];
  const look = (name: string, judge: () => Judgement | Promise<Judgement>) => isolate({ area: 'store', name, signal }, async () => judge());
  const checks = [...trip];
  if (facts.kind === 'bucket') for (const { name, judge } of BUCKET_CHECKS) checks.push(await look(name, () => judge(facts, job)));
  else for (const { name, judge } of FOLDER_CHECKS) checks.push(await look(name, () => judge(facts, job)));
  return checks;
}

const BUCKET_CHECKS: readonly { readonly name: string; readonly judge: (facts: BucketFacts, job: StoreJob) => Judgement }[] = [
  { name: 'public access', judge: judgePublicAccess },
  { name: 'versioning', judge: judgeVersioning },
  { name: 'object lock', judge: (facts, { options }) => judgeObjectLock(facts, longestKeep(options), options.lockDays) },
  { name: 'lifecycle', judge: (facts, { options }) => judgeLifecycle(facts, longestKeep(options)) },
  { name: 'encryption at rest', judge: judgeEncryption },
  {
    name: 'clock',
    judge: ({ clock }) =>
      'unknown' in clock
        ? only(unknown(`The clock of the store could not be asked: ${clock.unknown}.`))
        : judgeClock('the store', clock.value.seconds, clock.value.error, true),
  },
];

const FOLDER_CHECKS: readonly { readonly name: string; readonly judge: (facts: FolderFacts, job: StoreJob) => Judgement | Promise<Judgement> }[] = [
  { name: 'permissions', judge: judgeFolder },
  { name: 'object lock', judge: (_, { options }) => judgeFolderLock(options.lockDays) },
  { name: 'another disk', judge: async (facts, { source }) => judgeSameDisk(facts, await deviceOf(source)) },
  { name: 'space', judge: (facts, { source }) => judgeSpace(facts, source?.prediction ?? null) },
];

async function deviceOf(source: SourceFacts | null): Promise<number | 'elsewhere' | 'unknown'> {
  if (source === null) return 'unknown';
  if (!isLocal(source.host)) return 'elsewhere';
  if (source.dataDirectory === null) return 'unknown';
  return stat(source.dataDirectory).then(
    ({ dev }) => dev,
    () => 'unknown' as const,
  );
}
