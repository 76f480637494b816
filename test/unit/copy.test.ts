import { describe, expect, it } from 'vitest';
import { planCopies } from '../../src/copy/plan.ts';
import { copyOptions } from '../../src/options/copy.ts';
import { readOptions } from '../../src/options/read.ts';
import { assertElsewhere } from '../../src/storage/copies.ts';
import { rejectionOf, thrownBy } from '../harness/thrown.ts';

const OLD = '20260101T020000Z-aaaa';
const MIDDLE = '20260102T020000Z-bbbb';
const NEW = '20260103T020000Z-cccc';
const WHOLE = { 'schema.dump.zst': 10, 'data-00.dump.zst': 20, 'manifest.json': 5 };

const folder = (id: string, objects: Record<string, number> = WHOLE) => ({ id, objects: new Map(Object.entries(objects)) });

describe('what to copy', () => {
  it('is what the other store lacks, newest first', () => {
    expect(planCopies([folder(OLD), folder(NEW), folder(MIDDLE)], [folder(MIDDLE)])).toEqual([
      { kind: 'whole', id: NEW, bytes: 35 },
      { kind: 'there', id: MIDDLE },
      { kind: 'whole', id: OLD, bytes: 35 },
    ]);
  });

  it('is nothing of a folder without a manifest, and all of a backup whose manifest never came', () => {
    const { 'manifest.json': _, ...parts } = WHOLE;
    expect(planCopies([folder(OLD, parts)], [])).toEqual([]);
    expect(planCopies([folder(OLD)], [folder(OLD, parts)])).toEqual([{ kind: 'whole', id: OLD, bytes: 35 }]);
  });

  it('is the proofs that came later, and parts that are gone or of another size', () => {
    const drilled = { ...WHOLE, 'proofs/1.json': 7, 'proofs/2.json': 8 };
    expect(planCopies([folder(NEW, drilled)], [folder(NEW, { ...WHOLE, 'proofs/1.json': 9 })])).toEqual([
      { kind: 'beside', id: NEW, missing: ['proofs/2.json'], bytes: 8 },
    ]);
    expect(planCopies([folder(NEW)], [folder(NEW, { 'schema.dump.zst': 9, 'manifest.json': 5 })])).toEqual([
      { kind: 'beside', id: NEW, missing: ['schema.dump.zst', 'data-00.dump.zst'], bytes: 30 },
    ]);
  });

  it('leaves alone what only the other store has, and a backup that has another manifest there', () => {
    expect(planCopies([], [folder(OLD)])).toEqual([]);
    expect(planCopies([folder(NEW)], [folder(NEW, { ...WHOLE, 'manifest.json': 6 })])).toEqual([{ kind: 'differs', id: NEW }]);
  });

  it('is only what was asked for', () => {
    const source = [folder(OLD), folder(MIDDLE), folder(NEW)];
    expect(planCopies(source, [], { backup: MIDDLE }).map(({ id }) => id)).toEqual([MIDDLE]);
    expect(planCopies(source, [], { notBefore: '20260102T020000Z' }).map(({ id }) => id)).toEqual([NEW, MIDDLE]);
  });
});

describe('a store for copies', () => {
  const to = (...lines: string[]) => readOptions('copy', { given: { storage: 's3://a', to: lines }, environment: {} }).to;

  it('is a URL, and settings behind it', () => {
    expect(to('file:///b', 's3://c/d s3-endpoint=https://r2.example s3-path-style=true access-key-id-env=ID secret-access-key-env=SECRET')).toEqual([
      { storage: 'file:///b' },
      { storage: 's3://c/d', s3Endpoint: 'https://r2.example', s3PathStyle: true, accessKeyIdEnv: 'ID', secretAccessKeyEnv: 'SECRET' },
    ]);
    expect(copyOptions.parse({ storage: 's3://a', to: [{ storage: 's3://b', 's3-region': 'auto' }] }).to).toEqual([
      { storage: 's3://b', s3Region: 'auto' },
    ]);
  });

  it.each([
    ['s3://b s3-path-style=perhaps', /has a s3-path-style that is neither true nor false/],
    ['s3://b access-key-id-env=ID', /names one variable of a key that has two/],
    ['s3://b access-key-id-env=not-a-name secret-access-key-env=X', /is not the name of an environment variable/],
  ])('is not %s', (line, message) => {
    expect(thrownBy(() => to(line))).toMatchObject({ code: 'bad-option', message: expect.stringMatching(message) });
  });

  it.each([
    ['s3://bucket/prefix', { storage: 's3://bucket/prefix/' }],
    ['s3://bucket/prefix', { storage: 's3://bucket/prefix/inside' }],
    ['s3://bucket/prefix', { storage: 's3://bucket' }],
    ['s3://bucket', { storage: 's3://bucket', s3Endpoint: 'https://s3.eu-central-1.amazonaws.com', s3Region: 'eu-central-1' }],
    ['file:///tmp', { storage: 'file:///tmp/../tmp/' }],
    ['file:///tmp/a%20b', { storage: 'file://localhost/tmp//a%20b/c' }],
  ])('is not %s itself, as %o is', async (storage, copy) => {
    const refusal = storage.includes('tmp') && copy.storage.includes('..') ? 'bad-storage-url' : 'same-store';
    expect(await rejectionOf(assertElsewhere({ storage }, [copy], {}))).toMatchObject({ code: refusal });
  });

  it('may be a sibling, another server, or a folder', async () => {
    const copies = [
      { storage: 's3://bucket/other' },
      { storage: 's3://bucket/prefix', s3Endpoint: 'https://minio.example' },
      { storage: 'file:///copies' },
    ];
    await assertElsewhere({ storage: 's3://bucket/prefix' }, copies, {});
    expect(await rejectionOf(assertElsewhere({ storage: 's3://bucket/prefix' }, [...copies, { storage: 'file:///copies' }], {}))).toMatchObject({
      code: 'same-store',
    });
  });
});
