import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BACKUP_ID,
  compactTime,
  databaseFolder,
  databaseOfFolder,
  dataPartName,
  manifestKey,
  newBackupId,
  partKey,
  proofKey,
} from '../../src/format/layout.ts';
import { MANIFEST_FORMAT, type Manifest, parseManifest } from '../../src/format/manifest.ts';
import { parseProof } from '../../src/format/proof.ts';
import { thrownBy } from '../harness/thrown.ts';

const DIGEST = { bytes: 10, sha256: 'a'.repeat(64) };
const SAMPLE: Manifest = {
  format: MANIFEST_FORMAT,
  id: '20261120T020013Z-3f9a',
  tool: '0.1.0',
  source: {
    serverVersion: '17.10',
    serverMajor: 17,
    pgDumpVersion: '17.11',
    systemIdentifier: '7569000000000000001',
    database: 'shop',
    bytes: 1000,
    encoding: 'UTF8',
    collate: 'C.UTF-8',
    ctype: 'C.UTF-8',
    localeProvider: 'libc',
    locale: null,
    standby: false,
  },
  snapshot: { at: '2026-11-20T02:00:13.000Z', lsn: '0/16B3748' },
  selection: { schemas: [], excludeSchemas: [], excludeTables: [], excludeTableData: [] },
  definitionAlgorithm: 'definitions-1',
  checksumAlgorithm: null,
  roles: ['shop'],
  extensions: [],
  tables: [{ oid: 1, schema: 'a "b"', name: 'new\nline 🛟', rows: 3, checksum: null, bytes: 8192, part: 'data-00.dump.zst' }],
  sequences: [],
  indexes: [],
  largeObjects: null,
  objects: [],
  parts: [{ name: 'schema.dump.zst', kind: 'schema', tables: 0, stored: DIGEST, plain: DIGEST }],
  notes: [],
  recipients: [],
  seconds: { total: 1, dump: 1, count: 0.5 },
  runner: null,
};

const changed = (change: object): string => JSON.stringify({ ...SAMPLE, ...change });

describe('parseManifest', () => {
  it('reads back what was written', () => {
    expect(parseManifest(JSON.stringify(SAMPLE), 'shop/manifest.json')).toEqual(SAMPLE);
  });

  it.each(Object.keys(SAMPLE))('does not do without %s', (field) => {
    const { [field as keyof Manifest]: _, ...rest } = SAMPLE;
    const error = thrownBy(() => parseManifest(JSON.stringify(rest), 'shop/manifest.json'));
    expect(error.code).toBe('manifest-malformed');
    expect(error.message).toMatch(/^shop\/manifest\.json is not a manifest: /);
    expect(error.message).toContain(field);
  });

  it.each([
    ['nothing', ''],
    ['half of one', JSON.stringify(SAMPLE).slice(0, 200)],
    ['not JSON', '<Error><Code>AccessDenied</Code></Error>'],
    ['null', 'null'],
    ['a number', '1'],
    ['an array', '[]'],
    ['an empty object', '{}'],
    ['a format of text', changed({ format: '1' })],
    ['a format before the first', changed({ format: 0 })],
    ['an id that is none', changed({ id: '../../etc' })],
    ['no parts', changed({ parts: [] })],
    ['a part of an unknown kind', changed({ parts: [{ ...SAMPLE.parts[0], kind: 'index' }] })],
    ['a negative size', changed({ parts: [{ ...SAMPLE.parts[0], stored: { ...DIGEST, bytes: -1 } }] })],
    ['half a row', changed({ tables: [{ ...SAMPLE.tables[0], rows: 1.5 }] })],
    ['a digest cut short', changed({ parts: [{ ...SAMPLE.parts[0], plain: { ...DIGEST, sha256: 'abc' } }] })],
    ['a time that is none', changed({ snapshot: { at: 'yesterday', lsn: null } })],
  ])('refuses %s', (_, text) => {
    expect(thrownBy(() => parseManifest(text, 'x')).code).toBe('manifest-malformed');
  });

  it('tells a newer format from a broken one, whatever else is in it', () => {
    const error = thrownBy(() => parseManifest(JSON.stringify({ format: MANIFEST_FORMAT + 1, unheard: 'of' }), 'shop/manifest.json'));
    expect(error.code).toBe('manifest-newer');
    expect(error.message).toContain(String(MANIFEST_FORMAT + 1));
    expect(error.remedy).toMatch(/release/);
  });
});

describe('parseProof', () => {
  it.each(['', 'null', '{}', '{"format": 2}', '{"format": 1, "verdict": "proven"}'])('takes %j for no proof at all', (text) => {
    expect(parseProof(text)).toBeNull();
  });
});

describe('ids', () => {
  const times = fc.date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });

  it('are what BACKUP_ID says, and even those of one millisecond differ in their ends', () => {
    const at = new Date('2026-11-20T02:00:13.999Z');
    const ids = Array.from({ length: 200 }, () => newBackupId(at));
    for (const id of ids) expect(id).toMatch(BACKUP_ID);
    for (const id of ids) expect(id).toMatch(/^20261120T020013Z-/);
    expect(new Set(ids).size).toBeGreaterThan(32);
  });

  it('of two backups sort by the millisecond', () => {
    fc.assert(
      fc.property(times, times, fc.nat(999), (a, b, milliseconds) => {
        const near = new Date(a.getTime() + milliseconds);
        for (const other of [b, near].filter((time) => time.getTime() !== a.getTime()))
          expect(Math.sign(compare(newBackupId(a), newBackupId(other)))).toBe(Math.sign(a.getTime() - other.getTime()));
      }),
    );
  });

  it('sort by time', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        const seconds = (time: Date) => Math.floor(time.getTime() / 1000);
        expect(Math.sign(compare(compactTime(a), compactTime(b)))).toBe(Math.sign(seconds(a) - seconds(b)));
      }),
    );
  });

  it.each(['20261120T020013Z', '20261120T020013Z-3F9A', ' 20261120T020013Z-3f9a', '20261120T020013Z-3f9a\n', 'latest', '..'])(
    '%j is none',
    (text) => {
      expect(text).not.toMatch(BACKUP_ID);
    },
  );
});

describe('databaseFolder', () => {
  const hostile = [
    '.',
    '..',
    '...',
    '.hidden',
    '/',
    '../../etc',
    'a/b',
    '%2E',
    '%',
    '*',
    "it's",
    '"',
    '\\',
    ' ',
    'a\nb',
    '-rf',
    '~',
    'ü',
    '🛟',
    'é',
    'é',
    'a|b',
    '(x)',
    '?',
    '#',
    'con',
  ];
  const names = fc.oneof(
    fc.constantFrom(...hostile),
    fc.string({ minLength: 1, maxLength: 63, unit: 'grapheme' }),
    fc.string({ minLength: 1, maxLength: 63, unit: 'binary' }),
    fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('.', '/', '%', '2', 'E', 'e', '\\') }),
  );

  it('can be read back, so no two names share one', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(databaseOfFolder(databaseFolder(name))).toBe(name);
      }),
    );
  });

  it.each(['100%', '%41', 'a b', '%FF', '.git'])('is told from a folder of somebody else: %s', (folder) => {
    expect(databaseOfFolder(folder)).toBeNull();
  });

  it('is one safe step of a path and of an object key', () => {
    fc.assert(
      fc.property(names, (name) => {
        const folder = databaseFolder(name);
        expect(folder).toMatch(/^[A-Za-z0-9_~%-][A-Za-z0-9_.~%-]*$/);
      }),
    );
  });

  it('fits a file name for every name that fits Postgres', () => {
    fc.assert(
      fc.property(names, (name) => {
        fc.pre(Buffer.byteLength(name) <= 63);
        expect(databaseFolder(name).length).toBeLessThanOrEqual(255);
      }),
    );
  });

  it('leaves a plain name as it is', () => {
    expect(databaseFolder('shop_2-production.eu')).toBe('shop_2-production.eu');
  });
});

describe('keys', () => {
  const id = '20261120T020013Z-3f9a';

  it('stand where the design says', () => {
    expect(partKey('my shop', id, 'schema.dump.zst')).toBe(`my%20shop/${id}/schema.dump.zst`);
    expect(manifestKey('shop', id)).toBe(`shop/${id}/manifest.json`);
    expect(proofKey('shop', id, new Date('2026-11-21T03:04:05Z'))).toMatch(new RegExp(`^shop/${id}/proofs/20261121T030405Z-[0-9a-f]{4}\\.json$`));
    expect([dataPartName(0), dataPartName(7), dataPartName(12), dataPartName(123)]).toEqual([
      'data-00.dump.zst',
      'data-07.dump.zst',
      'data-12.dump.zst',
      'data-123.dump.zst',
    ]);
  });
});

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
