import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../src/backup/backup.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { drillServer } from '../harness/drill-server.ts';
import { runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { ownTemporaryFolder } from '../harness/nothing-left.ts';
import { shopDatabase } from '../harness/shop.ts';

let temporaries: string;
let pristine: string;
let taken: BackupResult;
let server: Awaited<ReturnType<typeof drillServer>>;
beforeAll(async () => {
  server = await drillServer();
  temporaries = await ownTemporaryFolder();
  const store = await temporaryStore();
  pristine = store.folder;
  taken = await runBackup(await shopDatabase(), store.url, { database: 'shop' });
});

type Changeable<T> = T extends readonly (infer Item)[]
  ? Changeable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Changeable<T[Key]> }
    : T;

/** Drills the backup with a manifest that says something else than the truth; answers with the checks that did not pass. */
async function drillWith(falsify: (manifest: Changeable<Manifest>) => void) {
  const folder = await mkdtemp(join(temporaries, 'copy-'));
  await cp(pristine, folder, { recursive: true });
  const path = join(folder, 'shop', taken.id, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  falsify(manifest);
  await writeFile(path, JSON.stringify(manifest));
  const drill = await runDrill('shop', pathToFileURL(folder).href, { into: server.url });
  return { drill, failed: drill.proof.checks.filter((check) => check.verdict !== 'pass') };
}

function one<T>(items: T[], isIt: (item: T) => boolean): T {
  const [found] = items.filter(isIt);
  if (found === undefined) throw new Error('the fixture lacks what this test falsifies');
  return found;
}

const orders = (manifest: Changeable<Manifest>) => one(manifest.tables, (table) => table.name === 'orders');
const object = (manifest: Changeable<Manifest>, kind: string, identity: RegExp) =>
  one(manifest.objects, (candidate) => candidate.kind === kind && identity.test(candidate.identity));
const MD5 = '0123456789abcdef0123456789abcdef';

/** What is falsified, the one check that must fail, and the object that it must name. */
const FALSEHOODS: [what: string, falsify: (manifest: Changeable<Manifest>) => void, check: string, names: RegExp][] = [
  [
    'a row too many',
    (m) => {
      orders(m).rows = (orders(m).rows ?? 0) + 1;
    },
    'rows',
    /^shop\.orders$/,
  ],
  [
    'a row too few',
    (m) => {
      orders(m).rows = (orders(m).rows ?? 0) - 1;
    },
    'rows',
    /^shop\.orders$/,
  ],
  [
    'no rows at all',
    (m) => {
      orders(m).rows = 0;
    },
    'rows',
    /^shop\.orders$/,
  ],
  [
    'a table that was not backed up',
    (m) => {
      m.tables.push({ ...orders(m), name: 'refunds', checksum: null, rows: 0 });
    },
    'rows',
    /^shop\.refunds$/,
  ],
  [
    'nothing of a table that was',
    (m) => {
      m.tables = m.tables.filter((table) => table.name !== 'orders');
    },
    'rows',
    /^shop\.orders$/,
  ],
  [
    'another checksum',
    (m) => {
      orders(m).checksum = String(BigInt(orders(m).checksum ?? 0) + 1n);
    },
    'checksums',
    /^shop\.orders$/,
  ],
  [
    'another value of a sequence',
    (m) => {
      one(m.sequences, (s) => s.name === 'tickets').value = '8';
    },
    'sequences',
    /^shop\.tickets$/,
  ],
  [
    'a sequence not yet drawn from',
    (m) => {
      one(m.sequences, (s) => s.name === 'tickets').called = false;
    },
    'sequences',
    /^shop\.tickets$/,
  ],
  [
    'a sequence that was not backed up',
    (m) => {
      m.sequences.push({ ...one(m.sequences, (s) => s.name === 'tickets'), name: 'vouchers' });
    },
    'sequences',
    /^shop\.vouchers$/,
  ],
  [
    'nothing of a sequence that was',
    (m) => {
      m.sequences = m.sequences.filter((s) => s.name !== 'tickets');
    },
    'sequences',
    /^shop\.tickets$/,
  ],
  [
    'a sequence that moved elsewhere meanwhile',
    (m) =>
      void Object.assign(
        one(m.sequences, (s) => s.name === 'tickets'),
        { value: '100', until: { value: '200', called: true } },
      ),
    'sequences',
    /^shop\.tickets$/,
  ],
  [
    'another definition of an index',
    (m) => {
      object(m, 'index', /orders_by_time/).definition = MD5;
    },
    'indexes',
    /orders_by_time/,
  ],
  [
    'an index that was not backed up',
    (m) => {
      m.objects.push({ kind: 'index', identity: 'shop.by_note', definition: MD5 });
    },
    'indexes',
    /shop\.by_note/,
  ],
  [
    'nothing of an index that was',
    (m) => {
      m.objects = m.objects.filter((o) => o.identity !== 'shop.orders_by_time');
    },
    'indexes',
    /orders_by_time/,
  ],
  [
    'figures of an index that was not backed up',
    (m) => {
      m.indexes.push({ ...one(m.indexes, (i) => i.name === 'orders_by_time'), name: 'by_note' });
    },
    'indexes',
    /shop\.by_note/,
  ],
  [
    'another access method',
    (m) => {
      one(m.indexes, (i) => i.name === 'orders_by_time').method = 'brin';
    },
    'indexes',
    /orders_by_time/,
  ],
  [
    'another fillfactor',
    (m) => {
      one(m.indexes, (i) => i.name === 'orders_by_time').fillfactor = 70;
    },
    'indexes',
    /orders_by_time/,
  ],
  [
    'another definition of a constraint',
    (m) => {
      object(m, 'constraint', /note_is_short/).definition = MD5;
    },
    'constraints',
    /note_is_short/,
  ],
  [
    'a constraint that was not backed up',
    (m) => {
      m.objects.push({ kind: 'constraint', identity: 'fair on shop.orders', definition: MD5 });
    },
    'constraints',
    /fair on shop\.orders/,
  ],
  [
    'another definition of a table',
    (m) => {
      object(m, 'relation', /shop\.orders$/).definition = MD5;
    },
    'schema',
    /shop\.orders/,
  ],
  [
    'another definition of a view',
    (m) => {
      object(m, 'relation', /shop\.totals$/).definition = MD5;
    },
    'schema',
    /shop\.totals/,
  ],
  [
    'another definition of a function',
    (m) => {
      object(m, 'function', /double/).definition = MD5;
    },
    'schema',
    /shop\.double/,
  ],
  [
    'another definition of a type',
    (m) => {
      object(m, 'type', /status/).definition = MD5;
    },
    'schema',
    /shop\.status/,
  ],
  [
    'nothing of a function that was backed up',
    (m) => {
      m.objects = m.objects.filter((o) => o.kind !== 'function');
    },
    'schema',
    /shop\.double/,
  ],
  [
    'a large object too many',
    (m) => {
      (m.largeObjects as { count: number }).count += 1;
    },
    'large objects',
    /large objects/,
  ],
  [
    'other large objects',
    (m) => {
      (m.largeObjects as { checksum: string | null }).checksum = '1';
    },
    'large objects',
    /large objects/,
  ],
];

describe('a drill against a manifest that claims', () => {
  test('the truth passes every check', async () => {
    const { drill, failed } = await drillWith(() => {});
    expect(failed).toEqual([]);
    expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven' } });
    const names = ['digests', 'restore', 'schema', 'constraints', 'indexes', 'rows', 'checksums', 'sequences', 'large objects', 'amcheck'];
    expect(drill.proof.checks.map((check) => check.name)).toEqual(names);
    for (const check of drill.proof.checks) if (check.name !== 'restore') expect(check.examined, check.name).toBeGreaterThan(0);
  });

  test.each(FALSEHOODS)('%s fails', async (_, falsify, check, names) => {
    const { drill, failed } = await drillWith(falsify);
    expect(drill).toMatchObject({ ok: false, proof: { verdict: 'failed' } });
    expect(failed.map(({ name, findings }) => [name, findings.length])).toEqual([[check, 1]]);
    expect(failed[0]?.findings[0]?.object).toMatch(names);
  });

  test.each([
    [
      'other stored bytes',
      (m: Changeable<Manifest>) => {
        (m.parts[1] as Changeable<Manifest['parts'][number]>).stored.sha256 = MD5 + MD5;
      },
    ],
    [
      'other plain bytes',
      (m: Changeable<Manifest>) => {
        (m.parts[1] as Changeable<Manifest['parts'][number]>).plain.sha256 = MD5 + MD5;
      },
    ],
    [
      'more plain bytes',
      (m: Changeable<Manifest>) => {
        (m.parts[1] as Changeable<Manifest['parts'][number]>).plain.bytes += 1;
      },
    ],
    [
      'fewer plain bytes',
      (m: Changeable<Manifest>) => {
        (m.parts[1] as Changeable<Manifest['parts'][number]>).plain.bytes -= 1;
      },
    ],
  ])('%s of a part fails the digests', async (_, falsify) => {
    const { drill, failed } = await drillWith(falsify);
    expect(drill).toMatchObject({ ok: false, proof: { verdict: 'failed' } });
    expect(failed[0]).toMatchObject({ name: 'digests', verdict: 'fail', findings: [{ object: 'data-00.dump.zst' }] });
  });

  test('checksums of another kind leaves them unproven, and says so', async () => {
    const { failed } = await drillWith((manifest) => {
      manifest.checksumAlgorithm = 'sum-of-something-else';
    });
    expect(failed).toMatchObject([{ name: 'checksums', verdict: 'not-run', reason: expect.stringContaining('sum-of-something-else') }]);
  });
});
