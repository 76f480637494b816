import { describe, expect, it } from 'vitest';
import { LifeboatError } from '../../src/errors.ts';
import { databaseOfFolder } from '../../src/format/layout.ts';
import {
  judgeEncryption,
  judgeLifecycle,
  judgeObjectLock,
  judgePublicAccess,
  judgeVersioning,
  longestKeep,
} from '../../src/preflight/checks/bucket.ts';
import { judgeFolder, judgeFolderLock, judgeSameDisk, judgeSpace } from '../../src/preflight/checks/folder.ts';
import { isolate } from '../../src/preflight/isolate.ts';
import { type Judgement, pass, verdictOf } from '../../src/preflight/judgement.ts';
import { predict } from '../../src/preflight/predict.ts';
import { newProbeFolder, PROBE_ROOT, probeTime } from '../../src/preflight/probe.ts';
import type { BucketFacts, FolderFacts, LifecycleRule } from '../../src/storage/inspect.ts';
import { rejectionOf } from '../harness/thrown.ts';

const GiB = 1024 ** 3;
const ALL_BLOCKS = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'];
const RULE: LifecycleRule = { id: 'r', prefix: '', narrowed: false, expireDays: null, noncurrentDays: null, abortUploadsDays: 2, transitions: [] };
const BUCKET: BucketFacts = {
  kind: 'bucket',
  bucket: 'b',
  prefix: 'postgres/',
  aws: true,
  publicAccessBlocked: { value: ALL_BLOCKS },
  policyIsPublic: { value: false },
  publicGrants: { value: [] },
  versioning: { value: 'off' },
  objectLock: { value: null },
  lifecycle: { value: [RULE] },
  encryption: { value: 'AES256' },
  clock: { value: { seconds: 0, error: 0.5 } },
};
const UNKNOWN = { unknown: 'this server does not know the request (NotImplemented)' };

function said(judgement: Judgement): string {
  for (const { level, remedy } of judgement.remarks) if (level !== 'not-run') expect(remedy).not.toBe('');
  return [verdictOf(judgement), judgement.says, ...judgement.remarks.flatMap(({ message, remedy }) => [message, remedy])].join(' | ');
}

describe('a bucket', () => {
  it.each([
    [{}, /^pass .*Block Public Access is on/],
    [{ publicAccessBlocked: { value: null } }, /^warn .*put-public-access-block --bucket b/],
    [{ publicAccessBlocked: { value: null }, aws: false }, /^pass/],
    [{ publicAccessBlocked: { value: null }, policyIsPublic: { value: true } }, /^fail .*policy lets everybody in/],
    [{ policyIsPublic: { value: true } }, /^pass/],
    [{ publicAccessBlocked: { value: [] }, publicGrants: { value: ['READ'] } }, /^fail .*ACL gives everybody READ/],
    [{ publicAccessBlocked: UNKNOWN, aws: false }, /^not-run .*NotImplemented/],
    [{ policyIsPublic: { unknown: 'it takes the right s3:GetBucketPolicyStatus' } }, /^not-run .*s3:GetBucketPolicyStatus/],
  ])('with %j is judged for public access', (over: Partial<BucketFacts>, expected) => {
    expect(said(judgePublicAccess({ ...BUCKET, ...over }))).toMatch(expected);
  });

  it.each([
    [{}, /^pass .*deleted is gone/],
    [{ versioning: { value: 'enabled' } }, /^warn .*NoncurrentVersionExpiration/],
    [{ versioning: { value: 'enabled' }, lifecycle: { value: [{ ...RULE, noncurrentDays: 30 }] } }, /^pass/],
    [{ versioning: { value: 'enabled' }, lifecycle: { value: [{ ...RULE, noncurrentDays: 30, narrowed: true }] } }, /^warn/],
    [{ versioning: { value: 'enabled' }, lifecycle: UNKNOWN }, /^pass/],
    [{ versioning: UNKNOWN }, /^not-run/],
  ] as const)('with %j is judged for versioning', (over, expected) => {
    expect(said(judgeVersioning({ ...BUCKET, ...over }))).toMatch(expected);
  });

  it.each([
    [{ value: null }, 30, /^pass .*off/],
    [{ value: { mode: '', days: 0 } }, 30, /^pass/],
    [{ value: { mode: 'COMPLIANCE', days: 30 } }, 30, /^pass .*30 days \(compliance\)/],
    [{ value: { mode: 'COMPLIANCE', days: 90 } }, 30, /^warn .*longer than the retention does \(30 days\)/],
    [{ value: { mode: 'COMPLIANCE', days: 90 } }, null, /^pass/],
    [{ value: null }, 30, /^fail .*locked for 7 days, and the bucket has no object lock.*--lock-days/, 7],
    [{ value: { mode: '', days: 0 } }, 30, /^pass .*7 days \(--lock-days\)/, 7],
    [{ value: { mode: '', days: 0 } }, 30, /^warn .*longer than the retention/, 60],
    [UNKNOWN, 30, /^not-run/],
  ])('with the lock %j and a retention of %s days is judged', (objectLock, days, expected, lockDays?: number) => {
    expect(said(judgeObjectLock({ ...BUCKET, objectLock }, days, lockDays))).toMatch(expected);
  });

  it.each([
    [[RULE], 30, /^pass/],
    [[], 30, /^warn .*AbortIncompleteMultipartUpload/],
    [[RULE, { ...RULE, expireDays: 14 }], 30, /^fail .*after 14 days, and the retention keeps backups for 30 days/],
    [[RULE, { ...RULE, expireDays: 60 }], 30, /^warn .*proven or not/],
    [[RULE, { ...RULE, expireDays: 14 }], null, /^warn/],
    [[RULE, { ...RULE, expireDays: 14, prefix: 'logs/' }], 30, /^pass/],
    [[RULE, { ...RULE, expireDays: 14, prefix: 'postgres/shop/' }], 30, /^fail/],
    [[RULE, { ...RULE, transitions: [{ days: 7, storageClass: 'GLACIER' }] }], 30, /^fail .*restore takes hours/],
    [[RULE, { ...RULE, transitions: [{ days: 90, storageClass: 'DEEP_ARCHIVE' }] }], 30, /^warn/],
    [[RULE, { ...RULE, transitions: [{ days: 1, storageClass: 'GLACIER_IR' }] }], 30, /^pass/],
  ])('with the rules %j and a retention of %s days is judged', (rules, days, expected) => {
    expect(said(judgeLifecycle({ ...BUCKET, lifecycle: { value: rules } }, days))).toMatch(expected);
  });

  it('whose rules nobody may read is not examined', () => {
    expect(said(judgeLifecycle({ ...BUCKET, lifecycle: UNKNOWN }, 30))).toMatch(/^not-run/);
    expect(said(judgeEncryption({ ...BUCKET, encryption: UNKNOWN }))).toMatch(/^not-run/);
    expect(said(judgeEncryption(BUCKET))).toMatch(/^pass .*AES256/);
  });

  it.each([
    [{}, null],
    [{ daily: 7 }, 7],
    [{ daily: 7, weekly: 5, monthly: 12 }, 372],
    [{ keepWithin: 86_400 * 40, daily: 7 }, 40],
    [{ yearly: 2 }, 732],
  ])('has to keep for %j so many days: %s', (retention, days) => {
    expect(longestKeep(retention)).toBe(days);
  });
});

describe('a folder', () => {
  const FOLDER: FolderFacts = { kind: 'folder', path: '/b', mode: 0o755, exists: true, freeBytes: 10 * GiB, device: 1 };
  it.each([
    [{}, /^pass .*755/],
    [{ mode: 0o775 }, /^warn .*group.*chmod go-w '\/b'/],
    [{ mode: 0o777 }, /^fail .*Everybody/],
    [{ mode: 0o1777 }, /^pass/],
    [{ exists: false, mode: 0o777 }, /^pass .*first backup makes it/],
  ])('with %j is judged for its permissions', (over, expected) => {
    expect(said(judgeFolder({ ...FOLDER, ...over }))).toMatch(expected);
  });
  it('cannot lock what is to be locked', () => {
    expect(said(judgeFolderLock(7))).toMatch(/^fail .*--lock-days/);
    expect(said(judgeFolderLock(undefined))).toMatch(/^pass/);
  });
  it.each([
    ['elsewhere', /^pass/],
    ['unknown', /^not-run .*data_directory/],
    [1, /^warn .*same file system/],
    [2, /^warn .*takes this machine/],
  ] as const)('of a database whose files are on %s is judged', (device, expected) => {
    expect(said(judgeSameDisk(FOLDER, device))).toMatch(expected);
  });
  const past = (storedBytes: number) => predict(GiB, [{ databaseBytes: GiB, storedBytes, backupSeconds: 1, drillSeconds: 1 }]);
  it.each([
    [past(GiB), /^pass/],
    [past(6 * GiB), /^warn/],
    [past(11 * GiB), /^fail/],
    [predict(100 * GiB, []), /^warn .*assumed/],
    [null, /^not-run/],
  ])('is judged for its space by %j', (prediction, expected) => {
    expect(said(judgeSpace(FOLDER, prediction))).toMatch(expected);
  });
});

describe('a probe', () => {
  it('is in a folder that no database has, and tells when it was made', () => {
    const folder = newProbeFolder(new Date('2026-11-20T02:00:13Z'));
    expect(databaseOfFolder(PROBE_ROOT)).toBeNull();
    expect(probeTime(`${folder}/object`)?.toISOString()).toBe('2026-11-20T02:00:13.000Z');
    for (const key of ['shop/20261120T020013Z-3f9a/manifest.json', `${PROBE_ROOT}/mine`, `${PROBE_ROOT}/20261120T020013Z-zz/x`])
      expect(probeTime(key)).toBeNull();
  });
});

describe('a check on its own', () => {
  const signal = new AbortController().signal;
  const run = (look: Parameters<typeof isolate>[1], withinMs = 5000) => isolate({ area: 'store', name: 'x', signal, withinMs }, look);
  const throwing = (error: unknown) => run(() => Promise.reject(error));
  it('has the verdict of what it says', async () => {
    expect(await run(async () => pass('Well.'))).toEqual({ area: 'store', name: 'x', verdict: 'pass', says: 'Well.', remarks: [] });
  });
  it('that throws is not run, or fails when nobody is there', async () => {
    expect(await throwing(new LifeboatError('query-failed', 'No such function.', 'Look.'))).toMatchObject({
      verdict: 'not-run',
      says: 'No such function.',
    });
    expect(await throwing(new TypeError('undefined'))).toMatchObject({ verdict: 'not-run', says: expect.stringContaining('undefined') });
    expect(await throwing(new LifeboatError('connection-lost', 'Gone.', 'Look.'))).toMatchObject({ verdict: 'fail', remarks: [{ remedy: 'Look.' }] });
  });
  it('that never ends fails, with its own signal aborted', async () => {
    let stopped: AbortSignal | undefined;
    const late = await run((stop) => {
      stopped = stop;
      return new Promise(() => {});
    }, 1);
    expect(late).toMatchObject({ verdict: 'fail', says: expect.stringContaining('no answer') });
    expect(stopped?.aborted).toBe(true);
  });
  it('gives way to whoever stops all of them', async () => {
    const controller = new AbortController();
    const reason = new LifeboatError('cancelled', 'Stopped.', 'Again.');
    const stopped = isolate({ area: 'store', name: 'x', signal: controller.signal }, () => {
      controller.abort(reason);
      return new Promise(() => {});
    });
    expect(await rejectionOf(stopped)).toBe(reason);
  });
});
