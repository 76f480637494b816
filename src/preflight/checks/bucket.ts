import { counted } from '../../report/format.ts';
import type { Asked, BucketFacts, LifecycleRule } from '../../storage/inspect.ts';
import { fail, type Judgement, judged, only, pass, type Remark, unknown, warn } from '../judgement.ts';

const ALL_BLOCKS = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'];

/** Whether anybody but the account may read backups. */
export function judgePublicAccess({ bucket, aws, publicAccessBlocked, policyIsPublic, publicGrants }: BucketFacts): Judgement {
  const block = `aws s3api put-public-access-block --bucket ${bucket} --public-access-block-configuration ${ALL_BLOCKS.map((name) => `${name}=true`).join(',')}`;
  const blocked = 'value' in publicAccessBlocked ? publicAccessBlocked.value : null;
  const isBlocked = blocked !== null && ALL_BLOCKS.every((name) => blocked.includes(name));
  return judged(isBlocked ? 'Block Public Access is on.' : 'Neither policy nor ACL was found to let everybody in.', [
    'value' in policyIsPublic && policyIsPublic.value && blocked?.includes('RestrictPublicBuckets') !== true
      ? fail("The bucket's policy lets everybody in.", `Remove the statement with Principal "*", and block such policies: ${block}`)
      : null,
    'value' in publicGrants && publicGrants.value.length > 0 && blocked?.includes('IgnorePublicAcls') !== true
      ? fail(
          `The bucket's ACL gives everybody ${publicGrants.value.join(', ')}.`,
          `aws s3api put-bucket-acl --bucket ${bucket} --acl private; and block such ACLs: ${block}`,
        )
      : null,
    // a server without that feature has nothing to turn on
    'value' in publicAccessBlocked && !isBlocked && aws
      ? warn('Block Public Access is not on: one wrong policy makes every backup public.', block)
      : null,
    askedInVain('the policy', policyIsPublic),
    askedInVain('the ACL', publicGrants),
    askedInVain('Block Public Access', publicAccessBlocked),
  ]);
}

/** Whether what is deleted or replaced can be brought back. */
export function judgeVersioning({ bucket, versioning, lifecycle }: BucketFacts): Judgement {
  if ('unknown' in versioning) return judged('Versioning was asked for.', [askedInVain('Versioning', versioning)]);
  if (versioning.value !== 'enabled') {
    return pass(
      `Versioning is ${versioning.value}: what is deleted is gone. Turn it on, or lock backups, if a stolen key must not delete them (aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled).`,
    );
  }
  const rules = 'value' in lifecycle ? lifecycle.value : null;
  const ends = rules?.some(({ noncurrentDays, narrowed }) => noncurrentDays !== null && !narrowed);
  return judged('Versioning is on: a deleted backup can be brought back.', [
    ends === false
      ? warn(
          'No lifecycle rule expires noncurrent versions: what prune deletes is kept, and paid for, for ever.',
          'Add a rule with NoncurrentVersionExpiration, of 30 days for one.',
        )
      : null,
  ]);
}

/**
 * @param keepDays how long the retention may keep a backup; `null` where no retention is known
 * @param lockDays how long a backup is to be locked; `undefined` when it is not
 */
export function judgeObjectLock({ objectLock }: BucketFacts, keepDays: number | null, lockDays: number | undefined): Judgement {
  if ('unknown' in objectLock) return judged('Object lock was asked for.', [askedInVain('Object lock', objectLock)]);
  if (objectLock.value === null) {
    if (lockDays === undefined) return pass('Object lock is off: whoever may delete objects may delete backups.');
    return only(fail(`Backups are to be locked for ${counted(lockDays, 'day')}, and the bucket has no object lock.`, NO_LOCK_REMEDY));
  }
  const { mode, days: byDefault } = objectLock.value;
  const days = Math.max(byDefault, lockDays ?? 0);
  if (days === 0) return pass('Object lock is on, without a default retention.');
  const how = byDefault === 0 ? '--lock-days' : mode.toLowerCase();
  return judged(`Every new object is locked for ${counted(days, 'day')} (${how}).`, [
    keepDays !== null && days > keepDays
      ? warn(
          `It keeps objects longer than the retention does (${counted(keepDays, 'day')}): prune cannot delete what it no longer keeps.`,
          `Lock for at most ${keepDays} days (--lock-days, or the default retention of the bucket), or keep backups as long.`,
        )
      : null,
  ]);
}

const NO_LOCK_REMEDY =
  'Use a bucket that was made with object lock (aws s3api create-bucket … --object-lock-enabled-for-bucket), or leave --lock-days out.';

/** Restores of the classes that have to be asked for take hours: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html */
const FROZEN = ['GLACIER', 'DEEP_ARCHIVE'];
/** A backup this young may be the one that is needed. */
const YOUNG_DAYS = 30;

/**
 * Whether the bucket's own rules delete or freeze what the retention keeps.
 * @param keepDays how long the retention may keep a backup; `null` where no retention is known
 */
export function judgeLifecycle({ prefix, lifecycle }: BucketFacts, keepDays: number | null): Judgement {
  if ('unknown' in lifecycle) return judged('Lifecycle rules were asked for.', [askedInVain('Lifecycle rules', lifecycle)]);
  const rules = lifecycle.value.filter((rule) => rule.prefix.startsWith(prefix) || prefix.startsWith(rule.prefix));
  const says = `${counted(rules.length, 'lifecycle rule')} ${rules.length === 1 ? 'concerns' : 'concern'} the store.`;
  return judged(says, [
    ...rules.map((rule) => expiry(rule, keepDays)),
    ...rules.flatMap((rule) => rule.transitions.map(({ days, storageClass }) => freeze(rule, days, storageClass))),
    rules.some(({ abortUploadsDays, narrowed }) => abortUploadsDays !== null && !narrowed)
      ? null
      : warn(
          'No lifecycle rule aborts unfinished uploads: those of a killed backup stay, and are paid for, until a prune.',
          'Add a rule with AbortIncompleteMultipartUpload, DaysAfterInitiation 2.',
        ),
  ]);
}

function expiry({ id, expireDays }: LifecycleRule, keepDays: number | null): Remark | null {
  if (expireDays === null) return null;
  const rule = `The lifecycle rule ${id || 'without a name'} deletes objects after ${counted(expireDays, 'day')}`;
  const remedy = 'Remove the expiration, and let lifeboat prune delete: it never deletes the last proven backup.';
  if (keepDays !== null && expireDays < keepDays) return fail(`${rule}, and the retention keeps backups for ${counted(keepDays, 'day')}.`, remedy);
  return warn(`${rule}, proven or not, also when no newer backup is there.`, remedy);
}

function freeze({ id }: LifecycleRule, days: number, storageClass: string): Remark | null {
  if (!FROZEN.includes(storageClass)) return null;
  const message = `The lifecycle rule ${id || 'without a name'} moves objects to ${storageClass} after ${counted(days, 'day')}: from there a restore takes hours before it can begin, and a drill fails.`;
  const remedy = 'Use GLACIER_IR or STANDARD_IA, which answer at once.';
  return days < YOUNG_DAYS ? fail(message, remedy) : warn(message, remedy);
}

export function judgeEncryption({ encryption }: BucketFacts): Judgement {
  if ('unknown' in encryption) return judged('Encryption at rest was asked for.', [askedInVain('Encryption at rest', encryption)]);
  return pass(
    encryption.value === null
      ? 'The bucket names no encryption at rest of its own; the server may have one.'
      : `Objects are encrypted at rest with ${encryption.value}, by keys of the store.`,
  );
}

/** How long the retention may keep a backup, in days; `null` when it asks for nothing that has a length. */
export function longestKeep(retention: {
  readonly keepWithin?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
}): number | null {
  const { keepWithin = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0 } = retention;
  const longest = Math.max(keepWithin / 86_400, daily, weekly * 7, monthly * 31, yearly * 366);
  return longest > 0 ? Math.ceil(longest) : null;
}

function askedInVain(what: string, asked: Asked<unknown>): Remark | null {
  return 'unknown' in asked ? unknown(`${what} could not be looked at: ${asked.unknown}.`) : null;
}
