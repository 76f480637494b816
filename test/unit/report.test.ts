import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BackupResult } from '../../src/backup/backup.ts';
import type { ListedBackup } from '../../src/catalog/list.ts';
import { createTerminalLog } from '../../src/cli/terminal.ts';
import type { CopyToStore } from '../../src/copy/to-store.ts';
import type { DrillResult } from '../../src/drill/drill.ts';
import { LifeboatError } from '../../src/errors.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import type { Check, Proof } from '../../src/format/proof.ts';
import { age, bytes, count, counted, rate, ratio, seconds, shortened, time, visible } from '../../src/report/format.ts';
import { backupMarkdown } from '../../src/report/markdown/backup.ts';
import { copyMarkdown, copySection } from '../../src/report/markdown/copy.ts';
import { drillMarkdown } from '../../src/report/markdown/drill.ts';
import { code, prose } from '../../src/report/markdown/escape.ts';
import { gantt } from '../../src/report/markdown/gantt.ts';
import { verifyMarkdown } from '../../src/report/markdown/verify.ts';
import { backupText } from '../../src/report/terminal/backup.ts';
import { copyText } from '../../src/report/terminal/copy.ts';
import { drillText } from '../../src/report/terminal/drill.ts';
import { errorText } from '../../src/report/terminal/error.ts';
import { listText } from '../../src/report/terminal/list.ts';
import { restoreText } from '../../src/report/terminal/restore.ts';
import { showText } from '../../src/report/terminal/show.ts';
import { COLOURED, PLAIN } from '../../src/report/terminal/style.ts';
import { table, width } from '../../src/report/terminal/table.ts';
import { unseenLines, verifyText } from '../../src/report/terminal/verify.ts';
import { createMeter } from '../../src/shell/meter.ts';
import type { VerifyResult } from '../../src/verify/verify.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const HOSTILE = 'a|b`c<img src=x>\n| ::set-output name=x::y | @everyone #1 \u001b[2J\u202e\u0007 **x** [l](http://evil) ~~~';
const DIGEST = { bytes: 1_048_576, sha256: 'a'.repeat(64) };
const SECONDS = { total: 2, dump: 1.5, count: 1 };

function backupOf(change: Partial<BackupResult> = {}): BackupResult {
  return {
    id: '20261120T020013Z-3f9a',
    database: 'shop',
    storage: 'file:///backups',
    manifest: 'shop/20261120T020013Z-3f9a/manifest.json',
    snapshotAt: '2026-11-20T02:00:13.000Z',
    tables: 2,
    rows: 1_234_567,
    largeObjects: 0,
    bytes: 1_048_576,
    plainBytes: 4_194_304,
    checksums: true,
    parts: [{ name: 'data-00.dump.zst', kind: 'data', tables: 2, stored: DIGEST, plain: { ...DIGEST, bytes: 4_194_304 } }],
    leftOut: [],
    recipients: [],
    notes: [],
    pgDump: '17.11',
    seconds: SECONDS,
    signed: false,
    lockedUntil: null,
    ok: true,
    copies: [],
    ...change,
  };
}

const COPY: CopyToStore = {
  ok: false,
  storage: HOSTILE,
  backups: [
    { database: HOSTILE, id: 'x', outcome: 'copied', bytes: 2048, objects: 4, reused: 1 },
    {
      database: HOSTILE,
      id: 'y',
      outcome: 'failed',
      bytes: 0,
      objects: 0,
      reused: 0,
      problem: { code: 'part-corrupt', message: HOSTILE, remedy: HOSTILE },
    },
    { database: HOSTILE, id: 'z', outcome: 'there', bytes: 0, objects: 0, reused: 0 },
  ],
  bytes: 2048,
  seconds: 2,
  problem: { code: 'store-unreachable', message: HOSTILE, remedy: HOSTILE },
};
const VERIFIED: VerifyResult = {
  ok: false,
  storage: 'file:///backups',
  databases: [HOSTILE],
  backups: [
    {
      database: HOSTILE,
      id: 'x',
      verdict: 'damaged',
      parts: 2,
      bytes: 2048,
      findings: [{ object: HOSTILE, message: HOSTILE }],
      notExamined: [{ object: HOSTILE, reason: HOSTILE }],
    },
    { database: HOSTILE, id: 'y', verdict: 'intact', parts: 3, bytes: 2048, findings: [], notExamined: [] },
  ],
  bytes: 4096,
  seconds: 2,
};

function checkOf(change: Partial<Check> = {}): Check {
  return { name: 'rows', verdict: 'pass', examined: 2, findings: [], skipped: [], ...change };
}

function proofOf(change: Partial<Proof> = {}): Proof {
  return {
    format: 1,
    backup: '20261120T020013Z-3f9a',
    database: 'shop',
    at: '2026-11-20T11:00:00.000Z',
    tool: 'pg-lifeboat 0.1.0',
    manifestSha256: 'a'.repeat(64),
    verdict: 'proven',
    scratch: { kind: 'cluster', serverVersion: '17.10' },
    checks: [checkOf()],
    rows: 1_234_567,
    rto: {
      seconds: 75,
      targetSeconds: 3600,
      met: true,
      phases: [
        { name: 'pre-data', seconds: 15 },
        { name: 'data', seconds: 60 },
      ],
    },
    verification: { seconds: 5, phases: [{ name: 'rows', seconds: 5 }] },
    rpo: { seconds: 32_387, targetSeconds: 86_400, met: true },
    storedBytes: 1000,
    restoredBytes: 5000,
    indexes: [],
    ...change,
  };
}

function drillOf(change: Partial<Proof> = {}, ok = true): DrillResult {
  return {
    ok,
    storage: 'file:///backups',
    database: 'shop',
    backup: '20261120T020013Z-3f9a',
    proofKey: 'shop/x/proofs/y.json',
    proof: proofOf(change),
    kept: null,
  };
}

const MANIFEST: Manifest = {
  format: 1,
  id: '20261120T020013Z-3f9a',
  tool: 'pg-lifeboat 0.1.0',
  source: {
    serverVersion: '17.10',
    serverMajor: 17,
    pgDumpVersion: '17.11',
    systemIdentifier: null,
    database: HOSTILE,
    bytes: 1000,
    encoding: 'UTF8',
    collate: 'C.UTF-8',
    ctype: 'C.UTF-8',
    localeProvider: 'libc',
    locale: null,
    standby: false,
  },
  snapshot: { at: '2026-11-20T02:00:13.000Z', lsn: null },
  selection: { schemas: [HOSTILE], excludeSchemas: [], excludeTables: [], excludeTableData: [HOSTILE] },
  definitionAlgorithm: 'definitions-1',
  checksumAlgorithm: null,
  roles: [],
  extensions: [{ name: HOSTILE, version: '1', schema: 'public', dependents: [] }],
  tables: [{ oid: 1, schema: HOSTILE, name: HOSTILE, rows: 3, checksum: null, bytes: 8192, part: 'data-00.dump.zst' }],
  sequences: [],
  indexes: [],
  largeObjects: null,
  objects: [],
  parts: [{ name: 'schema.dump.zst', kind: 'schema', tables: 0, stored: DIGEST, plain: DIGEST }],
  notes: [HOSTILE],
  recipients: [],
  seconds: SECONDS,
  runner: null,
};

describe('numbers', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1536, '1.50 KiB'],
    [10_239, '10.0 KiB'],
    [1024 ** 2 - 1, '1.00 MiB'],
    [150 * 1024 ** 2, '150 MiB'],
    [1000 * 1024 ** 2, '1,000 MiB'],
    [2 * 1024 ** 4, '2.00 TiB'],
    [5000 * 1024 ** 5, '5,000 PiB'],
    [-5, '0 B'],
  ])('%d bytes are %s', (n, text) => {
    expect(bytes(n)).toBe(text);
  });

  it.each([
    [0, '0 s'],
    [0.004, '0 s'],
    [0.2, '0.20 s'],
    [1, '1 s'],
    [9.99, '9.99 s'],
    [9.999, '10 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min'],
    [245, '4 min 5 s'],
    [3599.6, '1 h'],
    [3600, '1 h'],
    [86_399, '23 h 59 min'],
    [100_000, '1 d 3 h'],
    [-1, '0 s'],
  ])('%d seconds are %s', (n, text) => {
    expect(seconds(n)).toBe(text);
  });

  it.each([
    ['2026-11-20T11:59:30Z', '30 s'],
    ['2026-11-20T11:01:00Z', '59 min'],
    ['2026-11-19T12:00:00Z', '24 h'],
    ['2026-11-10T12:00:00Z', '10 d'],
    ['2026-11-20T12:00:05Z', '0 s'],
    ['', '–'],
  ])('%s is %s ago', (iso, text) => {
    expect(age(iso, NOW)).toBe(text);
  });

  it('counts, rates and ratios', () => {
    expect(count(1_234_567)).toBe('1,234,567');
    expect(count(Number.MAX_SAFE_INTEGER)).toBe('9,007,199,254,740,991');
    expect([counted(1, 'table'), counted(0, 'table'), counted(2, 'index', 'indexes')]).toEqual(['1 table', '0 tables', '2 indexes']);
    expect([ratio(10, 4), ratio(0, 4), ratio(4, 0)]).toEqual(['2.50 ×', '–', '–']);
    expect([rate(2048, 2, 'bytes'), rate(3000, 2, 'rows'), rate(5, 0, 'rows')]).toEqual(['1.00 KiB/s', '1,500 rows/s', '0 rows/s']);
    expect([time('2026-11-20T02:00:13.999Z'), time('never')]).toEqual(['2026-11-20 02:00:13 UTC', '–']);
  });
});

describe('text that comes from elsewhere', () => {
  it('is spelled out where a terminal would obey it', () => {
    expect(visible('a\nb\t\u001b[2J\u0007\u009b\u202e\u0000é🛟')).toBe('a\\nb\\t\\e[2J\\u{7}\\u{9b}\\u{202e}\\0é🛟');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
        expect(visible(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it('is cut between characters', () => {
    expect(shortened('🛟🛟🛟', 3)).toBe('🛟🛟🛟');
    expect(shortened('🛟🛟🛟🛟', 3)).toBe('🛟🛟…');
  });

  it('cannot leave a cell, a list or a line of Markdown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[|`<>&*_[\]\\~$@#\n a]{0,40}$/)), (text) => {
        for (const escaped of [code(text), prose(text)]) {
          expect(escaped).not.toMatch(/[|\n\r]/);
          const inside = escaped.replace(/^(?:`([\w.$ -]*)`|<code>(.*)<\/code>)$/s, '$1$2').replaceAll('<!-- -->', '');
          expect(inside).not.toMatch(/[<>`*[\]\\]/);
          expect(inside).not.toMatch(/&(?!#\d+;)/);
        }
      }),
    );
  });

  it.each([
    ['orders', '`orders`'],
    ['public.order_items', '`public.order_items`'],
    ['a|b', '<code>a&#124;b</code>'],
    ['a`b', '<code>a&#96;b</code>'],
    ['', '<code></code>'],
  ])('%j as code is %s', (name, expected) => {
    expect(code(name)).toBe(expected);
  });

  it('mentions nobody and links nowhere', () => {
    expect(prose('@everyone #12 https://x www.x.org')).toBe('&#64;<!-- -->everyone &#35;<!-- -->12 https&#58;//x www&#46;x.org');
  });
});

describe('the terminal', () => {
  const COLUMNS = [{ title: 'NAME' }, { title: 'N', align: 'right' }] as const;

  it('aligns wide characters and coloured cells', () => {
    expect(
      table(
        COLUMNS,
        [
          ['a', '1'],
          ['日本', '22'],
          [COLOURED.bad('🛟'), '333'],
        ],
        PLAIN,
      ).map(stripVTControlCharacters),
    ).toEqual(['NAME    N', 'a       1', '日本   22', '🛟    333']);
    expect(width('é')).toBe(1);
  });

  const failed = drillOf(
    {
      verdict: 'failed',
      checks: [
        checkOf({ verdict: 'fail', findings: [{ object: HOSTILE, message: HOSTILE }], skipped: [{ object: HOSTILE, reason: HOSTILE }] }),
        checkOf({ name: 'amcheck', verdict: 'not-run', reason: HOSTILE }),
      ],
    },
    false,
  );
  const listed: ListedBackup = { database: HOSTILE, id: 'x', snapshotAt: '', rows: 0, bytes: 0, state: 'unreadable', proof: null, error: HOSTILE };
  const restored = { ok: true, dryRun: false, plan: [HOSTILE], target: HOSTILE, database: HOSTILE, backup: 'x', tables: 1, rows: 1 };
  it.each<[string, string]>([
    ['backup', backupText(backupOf({ database: HOSTILE, leftOut: [HOSTILE], notes: [HOSTILE], storage: HOSTILE }), PLAIN)],
    [
      'list',
      listText(
        {
          storage: HOSTILE,
          backups: [listed],
          ok: false,
          copies: {
            stores: [HOSTILE, HOSTILE].map((storage) => ({ storage, problem: null })),
            backups: [{ database: HOSTILE, id: 'x', stores: ['whole', 'differs'] }],
            findings: [{ object: HOSTILE, message: HOSTILE }],
          },
        },
        PLAIN,
        NOW,
      ),
    ],
    ['copy', copyText({ ok: false, storage: HOSTILE, databases: [HOSTILE], copies: [COPY] }, PLAIN)],
    ['verify', verifyText({ ...VERIFIED, storage: HOSTILE }, PLAIN)],
    [
      'show',
      showText({ storage: HOSTILE, database: HOSTILE, state: 'proven', distrust: HOSTILE, manifest: MANIFEST, proofs: [failed.proof] }, PLAIN, NOW),
    ],
    ['drill', drillText({ ...failed, database: HOSTILE, kept: HOSTILE }, PLAIN)],
    [
      'restore',
      restoreText({ ...restored, phases: [{ name: HOSTILE, seconds: 1 }], problems: [{ entry: HOSTILE, message: HOSTILE, harmless: null }] }, PLAIN),
    ],
    ['restore, dry', restoreText({ ...restored, dryRun: true, phases: [], problems: [] }, PLAIN)],
    ['error', errorText(new LifeboatError('query-failed', HOSTILE, HOSTILE), PLAIN)],
  ])('obeys no name in %s', (_, text) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(text).not.toMatch(/^(?:::|\| ::)/m);
  });

  it('counts objects and backups that verify did not look at, each for itself', () => {
    const reason = 'left by rotate-recipients';
    const of = (id: string, objects: string[]) => ({ ...VERIFIED.backups[0], id, notExamined: objects.map((object) => ({ object, reason })) });
    const lines = (...backups: ReturnType<typeof of>[]) => unseenLines({ ...VERIFIED, backups } as VerifyResult);
    expect(lines(of('x', ['a']))).toEqual([`a of x: ${reason}`]);
    expect(lines(of('x', ['a', 'b', 'c']))).toEqual([`a and 2 others of x: ${reason}`]);
    expect(lines(of('x', ['a', 'b']), of('y', ['a', 'b']))).toEqual([`a and 3 others of 2 backups: ${reason}`]);
    expect(lines(of('x', ['a']), of('y', ['a']))).toEqual([`a of 2 backups: ${reason}`]);
  });

  it('says the verdict of a drill first', () => {
    const first = (result: DrillResult) => drillText(result, PLAIN).split('\n')[0];
    expect(first(drillOf())).toMatch(/^PROVEN backup 20261120T020013Z-3f9a of shop: 1,234,567 rows/);
    expect(first(failed)).toMatch(/^NOT PROVEN/);
    expect(first(drillOf({ verdict: 'incomplete' }, false))).toMatch(/^INCOMPLETE/);
    const late = { seconds: 4000, targetSeconds: 3600, met: false, phases: [] };
    expect(first(drillOf({ rto: late }, false))).toMatch(/^PROVEN, but RTO missed/);
    expect(first(drillOf({ rto: late, rpo: late }, false))).toMatch(/^PROVEN, but RTO and RPO missed/);
  });

  it('lists what nobody looked at', () => {
    expect(drillText(drillOf({ checks: [checkOf({ skipped: [{ object: 'public.x', reason: 'left out on purpose' }] })] }), PLAIN)).toContain(
      'Not examined:\n  public.x (rows): left out on purpose',
    );
  });

  it('lists backups by what is proven of them', () => {
    const one = { database: 'shop', id: '20261120T020013Z-3f9a', snapshotAt: '2026-11-20T02:00:13Z', rows: 5, bytes: 1024 };
    const proof = { at: '2026-11-20T09:00:00Z', rtoSeconds: 75, checks: { rows: 'pass' } };
    const backups: ListedBackup[] = [
      { ...one, state: 'proven', proof },
      { ...one, state: 'failed', proof: { ...proof, checks: { rows: 'fail', digests: 'pass' } } },
      { ...one, state: 'unproven', proof: null },
    ];
    expect(listText({ storage: 'file:///b', backups, ok: true, copies: null }, PLAIN, NOW).split('\n')).toEqual([
      'DATABASE  BACKUP                 AGE    STORED  ROWS  PROOF',
      'shop      20261120T020013Z-3f9a  9 h  1.00 KiB     5  proven 3 h ago, RTO 1 min 15 s',
      'shop      20261120T020013Z-3f9a  9 h  1.00 KiB     5  failed 3 h ago, rows',
      'shop      20261120T020013Z-3f9a  9 h  1.00 KiB     5  not proven',
    ]);
    expect(listText({ storage: 'file:///b', backups: [], ok: true, copies: null }, PLAIN, NOW)).toBe('No backups in file:///b.');
  });

  it('says what happened, then what to do', () => {
    expect(errorText(new LifeboatError('disk-full', 'It is full.\nVery.', 'Empty it.'), PLAIN)).toBe(
      'error disk-full: It is full.\n  Very.\nwhat to do: Empty it.',
    );
    expect(errorText(new LifeboatError('disk-full', 'It is full.', 'Empty it.'), COLOURED)).toContain('\u001b[');
  });
});

describe('the log of a terminal', () => {
  function logTo(columns: number | null, verbose = false) {
    const written: string[] = [];
    const clock = { now: 0 };
    const hide = (text: string) => text.replaceAll('hunter2', '***');
    const log = createTerminalLog({ write: (text) => written.push(text), columns: () => columns, verbose, hide, now: () => clock.now });
    const progress = (done: number) => log.progress({ phase: 'backup', done, total: 10 * 1024 ** 2, unit: 'bytes' });
    return { log, written, clock, progress };
  }

  it('updates one line, and clears it before a message', () => {
    const { log, written, clock, progress } = logTo(80);
    progress(0);
    clock.now = 1000;
    progress(1024 ** 2);
    expect(written.at(-1)).toBe('\r\u001b[2Kbackup: 10 %, 1.00 MiB of 10.0 MiB, 1.00 MiB/s, 9 s left');
    clock.now = 1050;
    progress(2 * 1024 ** 2);
    expect(written).toHaveLength(2);
    log.info('hello');
    expect(written.slice(2).join('')).toBe('\r\u001b[2Khello\n');
    log.close();
    expect(written.join('').split('\n')).toHaveLength(2);
  });

  it('never fills more than the line', () => {
    const { written, progress } = logTo(20);
    progress(0);
    expect(stripVTControlCharacters(written.join('')).trim()).toHaveLength(19);
  });

  it('writes a line now and then where there is no terminal', () => {
    const { written, clock, progress } = logTo(null);
    for (clock.now = 0; clock.now <= 25_000; clock.now += 1000) progress((clock.now / 1000) * 1024 ** 2 * 0.1);
    expect(written).toEqual([
      'backup: 10 %, 1.00 MiB of 10.0 MiB, 102 KiB/s, 1 min 30 s left\n',
      'backup: 20 %, 2.00 MiB of 10.0 MiB, 102 KiB/s, 1 min 20 s left\n',
    ]);
  });

  it.each([
    ['pg_dump: error: connection lost', true],
    ['pg_dump: warning: there are circular foreign keys', true],
    ['pg_dump: detail: orders', true],
    ['pg_dump: dumping contents of table "public.error"', false],
    ['pg_dump: reading extensions', false],
    ['ERROR:  relation does not exist', true],
  ])('shows %j of a program: %s', (line, shown) => {
    const { log, written } = logTo(null);
    log.output('pg_dump', line);
    expect(written).toEqual(shown ? [`${line.startsWith('pg_dump:') ? '' : 'pg_dump: '}${line}\n`] : []);
    const everything = logTo(null, true);
    everything.log.output('pg_dump', line);
    expect(everything.written).toHaveLength(1);
  });

  it('does not let a program fill the screen', () => {
    const { log, written } = logTo(null);
    for (let i = 0; i < 1000; i += 1) log.output('pg_restore', `pg_restore: error: ${i}`);
    log.close();
    expect(written).toHaveLength(51);
    expect(written.at(-1)).toBe('950 more lines like these were not shown; --verbose shows them.\n');
  });

  it('shows no secret and obeys nothing', () => {
    const { log, written } = logTo(null, true);
    log.info('hunter2 \u001b[2J');
    log.warn('hunter2');
    log.output('pg_dump', 'hunter2\u0007');
    expect(written).toEqual(['*** \\e[2J\n', 'warning: ***\n', 'pg_dump: ***\\u{7}\n']);
  });

  it('shows phases side by side, and drops those that are over', () => {
    const clock = { now: 0 };
    const meter = createMeter(() => clock.now);
    expect(meter.line()).toBe('');
    meter.update({ phase: 'backup', done: 5, unit: 'rows' });
    meter.update({ phase: 'count', done: 1, total: 4, unit: 'indexes' });
    expect(meter.line()).toBe('backup: 5 rows · count: 25 %, 1 of 4 indexes');
    meter.update({ phase: 'count', done: 4, total: 4, unit: 'indexes' });
    expect(meter.line()).toBe('backup: 5 rows');
    clock.now = 60_000;
    expect(meter.line()).toBe('');
  });
});

describe('Markdown', () => {
  it('of a backup says first what was backed up', () => {
    const lines = backupMarkdown(backupOf()).split('\n');
    expect(lines[0]).toBe('## Backed up `shop`');
    expect(lines).toContain('| `data-00.dump.zst` | 2 | 4.00 MiB | 1.00 MiB | 4.00 × |');
  });

  it('of a drill says the verdict first, draws the RTO and names what failed', () => {
    expect(drillMarkdown(drillOf()).split('\n')[0]).toBe('## ✅ Proven: `shop`');
    const text = drillMarkdown(
      drillOf(
        { verdict: 'failed', checks: [checkOf({ verdict: 'fail', findings: [{ object: 'public.orders', message: '3 rows, 4 expected' }] })] },
        false,
      ),
    );
    expect(text.split('\n')[0]).toBe('## ❌ Not proven: `shop`');
    expect(text).toContain('| rows | ❌ **fail** | 2 | 1 | 0 |  |');
    expect(text).toContain('### rows: 1 finding\n\n- `public.orders`: 3 rows, 4 expected');
    expect(text).toContain(
      '```mermaid\ngantt\n    dateFormat x\n    axisFormat %M:%S\n    pre-data (15 s) :0, 15000\n    data (1 min) :15000, 75000\n```',
    );
  });

  it('draws phases of no length, and of hostile names', () => {
    expect(gantt([{ name: 'a: b; #c\n```', seconds: 0 }])).toContain('    a  b   c (0 s) :0, 1');
    expect(gantt([])).toEqual([]);
  });

  it('keeps every row of a table in its columns, whatever the names', () => {
    const checks = [
      checkOf({ name: HOSTILE, reason: HOSTILE, findings: [{ object: HOSTILE, message: HOSTILE }], skipped: [{ object: HOSTILE, reason: HOSTILE }] }),
    ];
    const texts = [
      backupMarkdown(backupOf({ database: HOSTILE, storage: HOSTILE, leftOut: [HOSTILE], notes: [HOSTILE], ok: false, copies: [COPY] })),
      copyMarkdown({ ok: false, storage: HOSTILE, databases: [HOSTILE], copies: [COPY] }),
      verifyMarkdown({ ...VERIFIED, storage: HOSTILE }),
      drillMarkdown({ ...drillOf({ checks, rto: { ...proofOf().rto, phases: [{ name: HOSTILE, seconds: 1 }] } }), database: HOSTILE, kept: HOSTILE }),
    ];
    for (const text of texts) {
      expect(text).not.toContain('<img');
      expect(text).not.toContain('@everyone');
      expect(text).not.toContain('](http');
      let columns = 0;
      for (const line of text.split('\n')) {
        if (line.includes('|') && columns === 0) columns = line.split('|').length;
        else if (line.includes('|')) expect(line.split('|')).toHaveLength(columns);
        else columns = 0;
      }
    }
  });

  it('shows the trend of a drill once there is one: every proof with its RTO and its sizes', () => {
    expect(drillMarkdown(drillOf(), [proofOf()])).not.toContain('proofs\n');
    const earlier = proofOf({
      at: '2026-11-13T11:00:00.000Z',
      verdict: 'failed',
      rto: { ...proofOf().rto, seconds: 7200, met: false },
      storedBytes: 2048,
    });
    const markdown = drillMarkdown(drillOf(), [proofOf(), earlier]);
    expect(markdown).toContain(
      [
        '### The last 2 proofs',
        '',
        '| Drilled | Backup | Verdict | RTO | Stored | Restored |',
        '| --- | --- | --- | --: | --: | --: |',
        '| 2026-11-20 11:00:00 UTC | `20261120T020013Z-3f9a` | ✅ proven | 1 min 15 s | 1000 B | 4.88 KiB |',
        '| 2026-11-13 11:00:00 UTC | `20261120T020013Z-3f9a` | ❌ failed | 2 h (missed) | 2.00 KiB | 4.88 KiB |',
      ].join('\n'),
    );
    const order = ['## ✅ Proven', '### RTO', '```mermaid', '### Checks', '### The last'];
    expect(order.map((part) => markdown.indexOf(part))).toEqual(order.map((part) => markdown.indexOf(part)).toSorted((a, b) => a - b));
  });

  it('predicts the recovery in six months, once there are proofs enough', () => {
    const week = (n: number) =>
      proofOf({ at: new Date(Date.parse('2026-11-20T11:00:00Z') - n * 7 * 86_400_000).toISOString(), restoredBytes: 1024 ** 3 });
    expect(drillMarkdown(drillOf(), [week(0), week(1)])).toContain('Recovery in six months: not predicted: there are 2 proofs');
    expect(drillMarkdown(drillOf(), [week(0), week(1), week(2)])).toContain(
      'Recovery in six months: 1 min 15 s by machine, at 1.00 GiB: the trend of 3 proofs over 14 days.',
    );
  });

  it('stays below the limit of a runner whatever the number of tables', () => {
    const nasty = '|'.repeat(200);
    const many = Array.from({ length: 100_000 }, (_, i) => ({
      object: `${nasty}${i}`,
      message: `${nasty}${nasty}${i}`,
      reason: `${nasty}${nasty}${i}`,
    }));
    const checks = Array.from({ length: 12 }, () => checkOf({ verdict: 'fail', findings: many, skipped: many, reason: nasty }));
    const text = drillMarkdown(drillOf({ verdict: 'failed', checks }, false));
    expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
    expect(text).toContain('and 99,980 more');
    const leftOut = many.map(({ object }) => object);
    const times = <T>(one: T | undefined) => Array.from({ length: 5000 }, () => one as T);
    const copied = copySection({ ...COPY, backups: times(COPY.backups[1]) }).join('\n');
    expect(Buffer.byteLength(copied)).toBeLessThan(1024 * 1024);
    expect(Buffer.byteLength(verifyMarkdown({ ...VERIFIED, backups: times(VERIFIED.backups[0]) }))).toBeLessThan(1024 * 1024);
    expect(Buffer.byteLength(backupMarkdown(backupOf({ leftOut, notes: leftOut.slice(0, 20) })))).toBeLessThan(1024 * 1024);
    expect(backupText(backupOf({ leftOut }), PLAIN).split('\n').length).toBeLessThan(50);
    expect(drillText(drillOf({ checks }, false), PLAIN).split('\n').length).toBeLessThan(400);
  });
});
