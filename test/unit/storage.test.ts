import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkFolder, checkKey } from '../../src/storage/keys.ts';
import { capacityOf, partBytesAt, planMultipart } from '../../src/storage/multipart.ts';
import { openStore, s3SettingsFromEnvironment } from '../../src/storage/open.ts';
import { parseFileUrl, parseS3Url, schemeOf } from '../../src/storage/urls.ts';

const MiB = 2 ** 20;
const GB = 1e9;

test.each([
  [0, 8, 2],
  [1 * GB, 8, 2],
  [67 * GB, 8, 2],
  [100 * GB, 12, 2],
  [134 * GB, 16, 2],
  [200 * GB, 24, 1],
  [1_000 * GB, 120, 1],
  [undefined, 16, 2],
])('%s bytes expected are cut into %s MiB, %s at once', (expected, mebibytes, inFlight) => {
  expect(planMultipart(expected)).toEqual({ partBytes: mebibytes * MiB, inFlight, equalOnly: false });
});

test('a plan holds what is promised', () => {
  fc.assert(
    fc.property(fc.option(fc.integer({ min: 0, max: 1e12 }), { nil: undefined }), fc.boolean(), (expected, equalOnly) => {
      const plan = planMultipart(expected, { equalOnly });
      const sizes = Array.from({ length: 10_000 }, (_, i) => partBytesAt(plan, i + 1) ?? 0);
      expect(partBytesAt(plan, 10_001)).toBeNull();
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(5 * MiB);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(5 * 1024 * MiB);
      // equal for as long as the expectation holds
      const equal = Math.ceil((expected ?? 0) / plan.partBytes);
      expect(new Set(sizes.slice(0, Math.max(1, equal))).size).toBe(1);
      if (equalOnly) expect(new Set(sizes).size).toBe(1);
      expect(capacityOf(plan)).toBeGreaterThanOrEqual(expected === undefined ? (equalOnly ? 160 * GB : 1e12) : expected * (equalOnly ? 1.25 : 7));
    }),
    { numRuns: 40 },
  );
});

test('memory of an upload stays small for what is likely', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 * GB }), (expected) => {
      const plan = planMultipart(expected);
      expect((plan.inFlight + 1) * plan.partBytes).toBeLessThanOrEqual(24 * MiB);
    }),
  );
});

test.each([
  ['s3://bucket', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/', { bucket: 'bucket', prefix: '' }],
  ['s3://bucket/a/b/', { bucket: 'bucket', prefix: 'a/b' }],
  ['S3://my.bucket-1/%20 x', { bucket: 'my.bucket-1', prefix: '%20 x' }],
])('%s names a bucket and a prefix', (url, expected) => {
  expect(parseS3Url(url)).toEqual(expected);
});

test.each([
  ['file:///var/backups', '/var/backups'],
  ['file:///var/backups/', '/var/backups'],
  ['file://localhost/srv', '/srv'],
  ['file:///a%20b/%25', '/a b/%'],
  ['file:///a b', '/a b'],
  ['file:///', '/'],
])('%s names a folder', (url, expected) => {
  expect(parseFileUrl(url)).toBe(expected);
});

test.each([
  '',
  'backups',
  '/var/backups',
  'C:\\backups',
  'gs://bucket/x',
  'https://s3.amazonaws.com/bucket',
  's3:bucket',
  's3://',
  's3:///prefix',
  's3://b',
  's3://bucket:9000/x',
  's3://bucket/a//b',
  's3://bucket/../x',
  's3://bucket/x?region=eu',
  's3://bucket/x#y',
  'file:',
  'file://relative/path',
  'file:backups',
  'file:///a/../b',
  'file:///a?b',
  'file:///bad%zz',
  'file:///zero%00',
])('%j is bad-storage-url, with examples', async (url) => {
  await expect(openStore(url)).rejects.toMatchObject({ code: 'bad-storage-url', remedy: expect.stringMatching(/s3:\/\/.*file:\/\/\//) });
});

test('credentials in the URL are refused and not repeated', async () => {
  const error = await openStore('s3://AKIAKEY:hunter2@bucket/prefix').catch((e: Error) => e);
  expect(error).toMatchObject({ code: 'bad-storage-url' });
  expect(JSON.stringify({ ...error, message: (error as Error).message })).not.toMatch(/hunter2|AKIAKEY/);
});

test('a path without a scheme is answered with its URL', () => {
  expect(() => schemeOf('/my backups')).toThrow(expect.objectContaining({ remedy: expect.stringContaining('file:///my%20backups') }));
});

test.each([
  [{}, {}],
  [{ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-2' }, { region: 'eu-west-1' }],
  [{ AWS_DEFAULT_REGION: 'us-east-2' }, { region: 'us-east-2' }],
  [{ AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: 'http://b' }, { endpoint: 'http://b' }],
  [{ AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_S3: '' }, { endpoint: 'http://a' }],
  [
    { AWS_ENDPOINT_URL_S3: 'https://x.eu.r2.cloudflarestorage.com', AWS_REGION: 'eu-west-1' },
    { endpoint: 'https://x.eu.r2.cloudflarestorage.com', region: 'auto' },
  ],
  [
    { AWS_ENDPOINT_URL_S3: 'https://notr2.cloudflarestorage.com', AWS_REGION: 'eu-west-1' },
    { endpoint: 'https://notr2.cloudflarestorage.com', region: 'eu-west-1' },
  ],
])('the settings in %j', (env, expected) => {
  expect(s3SettingsFromEnvironment(env)).toEqual(expected);
});

test('a key that is accepted stays below the root', () => {
  const segment = fc.oneof(fc.constantFrom('.', '..', '', '.lifeboat-tmp', 'a', '%2e%2e'), fc.string({ maxLength: 300 }));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
      const key = segments.join('/');
      let accepted = true;
      try {
        checkKey(key);
      } catch (error) {
        expect(error).toMatchObject({ code: 'store-failed' });
        accepted = false;
      }
      const parts = key.split('/');
      const safe = !parts.some((part) => ['', '.', '..'].includes(part) || Buffer.byteLength(part) > 255 || part.includes('\0'));
      const expected = safe && parts[0] !== '.lifeboat-tmp' && Buffer.byteLength(key) <= 900;
      expect(accepted).toBe(expected);
    }),
  );
  expect(checkFolder('')).toBe('');
});
