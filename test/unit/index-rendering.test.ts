import { describe, expect, test } from 'vitest';
import { indexReportOutcome } from '../../src/github/index-report-told.ts';
import type { IndexReport, ReportedFinding } from '../../src/indexes/report.ts';
import { parseReport } from '../../src/indexes/stored-reports.ts';
import { coverageLines } from '../../src/report/indexes/coverage.ts';
import { indexesSql } from '../../src/report/indexes/sql.ts';
import { indexesSvg } from '../../src/report/indexes/svg.ts';
import { changesLine } from '../../src/report/indexes/words.ts';
import { indexesIssue, indexesMarkdown } from '../../src/report/markdown/indexes.ts';
import { indexesText } from '../../src/report/terminal/indexes.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';
import { NOW } from '../harness/index-facts.ts';

const EVIL = '</text>\n<script>"&\' ]]> -- \u0000\u001b[31m\u202e\ufffe| `x` @octocat ﷽ 漢字 💾';
const MB = 1024 ** 2;

const finding = (given: Partial<ReportedFinding> = {}): ReportedFinding => ({
  kind: 'bloated',
  level: 'warn',
  object: EVIL,
  index: { oid: 1, schema: 'shop', name: EVIL },
  evidence: [EVIL, 'A sentence.'],
  sizeAtStake: 100 * MB,
  used: null,
  confidence: 'high',
  remedySql: 'REINDEX INDEX CONCURRENTLY "shop"."i";',
  method: 'measured',
  change: 'new',
  ...given,
});
const report = (given: Partial<IndexReport> = {}): IndexReport => ({
  format: 1,
  tool: 'test',
  database: EVIL,
  at: NOW,
  server: { versionNumber: 180_000, systemIdentifier: '1', standby: false, countersSince: null, countedSince: NOW, resets: [null] },
  coverage: {
    indexes: 3,
    methods: { measured: 1, scaled: 0, exact: 0, estimated: 1 },
    notExamined: [{ why: 'The role may not read its statistics.', remedy: 'GRANT pg_read_all_data TO x;', indexes: 1, bytes: MB, examples: [EVIL] }],
    other: [],
  },
  findings: [finding()],
  ignored: [{ kind: 'unused', object: EVIL, reason: EVIL, until: null }],
  gone: [{ kind: 'unused', object: EVIL }],
  unseen: [],
  notes: [],
  previous: NOW,
  indexes: [
    {
      oid: 1,
      schema: 'shop',
      name: EVIL,
      table: 't',
      access: 'btree',
      bytes: 200 * MB,
      definition: EVIL,
      bloat: { method: 'measured', bytes: 200 * MB, rebuiltBytes: 100 * MB, confidence: 'high' },
      scans: 1,
      seenSince: NOW,
      idleSince: NOW,
      overSince: null,
      trend: [
        [1, 100 * MB, null],
        [2, 200 * MB, 100 * MB],
      ],
    },
  ],
  ...given,
});
const many = (n: number) => {
  const [one] = report().indexes;
  const names = Array.from({ length: n }, (_, i) => `${'@'.repeat(300)}${i}`);
  return report({
    findings: names.map((object) => finding({ object, evidence: Array.from({ length: 10 }, () => '@'.repeat(500)) })),
    indexes: names.map((name, i) => ({ ...(one as IndexReport['indexes'][number]), name, oid: i })),
    gone: names.map((object) => ({ kind: 'unused' as const, object })),
    ignored: names.map((object) => ({ kind: 'unused' as const, object, reason: '@'.repeat(500), until: null })),
  });
};

describe('the first lines of a report', () => {
  test('say what was examined and how, what was not and why, and which grant would change it', () => {
    expect(coverageLines(report())).toEqual([
      'Bloat of 3 indexes: 1 measured by a drill, 1 estimated from statistics, 1 not examined.',
      `Not examined: 1 index of 1.00 MiB (${EVIL}). The role may not read its statistics. GRANT pg_read_all_data TO x;`,
    ]);
    const result = { ok: true, report: report(), reportKey: 'k', folder: null, measuredBy: null };
    expect(indexesText(result, PLAIN).split('\n')[1]).toMatch(/^Bloat of 3 indexes/);
    expect(indexesMarkdown(report()).split('\n')[4]).toMatch(/^- Bloat of 3 indexes/);
    expect(indexesSql(report()).split('\n')[2]).toMatch(/^-- Bloat of 3 indexes/);
  });
});

describe('names in a report', () => {
  test('are nothing but text, in Markdown, SQL, on a terminal and in the picture', () => {
    const text = indexesMarkdown(report());
    for (const obeyed of ['<script>', '@octocat', '\u001b', '\u202e']) expect(text).not.toContain(obeyed);
    for (const line of text.split('\n').filter((one) => one.startsWith('|'))) expect(line.split(/(?<!\\)\|/).length).toBeGreaterThan(4);
    const shown = indexesText({ ok: true, report: report(), reportKey: null, folder: EVIL, measuredBy: null }, PLAIN);
    for (const obeyed of ['\u0000', '\u001b', '\u202e']) expect(shown).not.toContain(obeyed);
    expect(wellFormed(indexesSvg(report()))).toEqual([]);
    for (const line of indexesSql(report()).split('\n')) expect(line).toMatch(/^(?:$|-- |\\set |SET |REINDEX INDEX CONCURRENTLY )/);
  });

  test('that hold a line break never get out of a comment', () => {
    const remedySql = 'REINDEX INDEX CONCURRENTLY "a\nDROP TABLE orders; --";';
    const lines = indexesSql(report({ findings: [finding({ remedySql })] })).split('\n');
    expect(lines.some((line) => line.startsWith('DROP') || line.startsWith('REINDEX'))).toBe(false);
  });
});

describe('the SQL of a report', () => {
  test('has ready to run what harms nobody, the smallest first, and everything else commented out', () => {
    const findings = [
      finding({ object: 'b', sizeAtStake: 2, remedySql: 'REINDEX INDEX CONCURRENTLY "b";' }),
      finding({ object: 'a', sizeAtStake: 1, remedySql: 'REINDEX INDEX CONCURRENTLY "a";' }),
      finding({ object: 's', sizeAtStake: 9, kind: 'statistics', remedySql: 'ANALYZE "s";' }),
      finding({ object: 'd', kind: 'unused', remedySql: 'DROP INDEX CONCURRENTLY "d";' }),
      finding({ object: 'f', kind: 'foreign-key', remedySql: 'CREATE INDEX CONCURRENTLY ON "f" ("x");' }),
      finding({ object: 'x', remedySql: '-- locks the table until it is done\nREINDEX INDEX "x";' }),
    ];
    const sql = indexesSql(report({ findings }));
    expect(sql.split('\n').filter((line) => /^[A-Z]+ (?!lock_|statement_)/.test(line))).toEqual([
      'ANALYZE "s";',
      'REINDEX INDEX CONCURRENTLY "a";',
      'REINDEX INDEX CONCURRENTLY "b";',
    ]);
    for (const commented of ['-- DROP INDEX CONCURRENTLY "d";', '-- CREATE INDEX CONCURRENTLY ON "f" ("x");', '-- REINDEX INDEX "x";']) {
      expect(sql.split('\n')).toContain(commented);
    }
  });
});

describe('a report of 10,000 findings', () => {
  test('has a summary of less than a mebibyte, and a picture of twenty', () => {
    const large = many(10_000);
    expect(Buffer.byteLength(indexesMarkdown(large))).toBeLessThan(1024 ** 2);
    expect(Buffer.byteLength(indexesIssue(large))).toBeLessThan(1024 ** 2);
    expect(indexesSvg(large).match(/<g>/g)).toHaveLength(20);
    expect(wellFormed(indexesSvg(large))).toEqual([]);
  });
});

test('a long grant is told to its end, and a rule that has ended is told of', () => {
  const remedy = `GRANT SELECT ON ${'x'.repeat(400)} TO you;`;
  const coverage = { ...report().coverage, other: [{ object: 'it', why: 'Because.', remedy }] };
  const notes = ['The rule to ignore short ended on 2020-01-01.'];
  expect(indexesMarkdown(report({ coverage, notes }))).toContain(`${'x'.repeat(400)} TO you`);
  for (const text of [
    indexesMarkdown(report({ notes })),
    indexesText({ ok: true, report: report({ notes }), reportKey: 'k', folder: null, measuredBy: null }, PLAIN),
  ]) {
    expect(text).toMatch(/The rule to ignore short ended on 2020/);
  }
});

describe('a report without findings', () => {
  test('still says what was not examined, and has a picture that says so', () => {
    const empty = report({ findings: [], ignored: [], gone: [], indexes: [] });
    expect(indexesMarkdown(empty)).toMatch(/^## ❔ [\s\S]*, of what could be examined\.[\s\S]*Not examined: 1 index/);
    const whole = { ...empty, coverage: { ...empty.coverage, notExamined: [] } };
    expect(indexesMarkdown(whole)).toMatch(/^## ✅ /);
    const forgetful = { ...whole, unseen: [finding({ level: 'warn' })] };
    expect(indexesMarkdown(forgetful)).toMatch(/^## ❔ [\s\S]*1 finding that could not be looked at this time/);
    expect(changesLine(forgetful)).toMatch(/, 1 not looked at\.$/);
    const isOpen = (of: IndexReport) => indexReportOutcome({ ok: true, report: of, reportKey: 'k', folder: null, measuredBy: null }).tracked?.open;
    expect([whole, forgetful, { ...whole, unseen: [finding({ level: 'info' })] }].map(isOpen)).toEqual([false, true, false]);
    expect(wellFormed(indexesSvg(empty))).toEqual([]);
    expect(indexesSvg(empty)).toContain('No index is known to waste anything');
  });

  test('is read back as it was written, and with a format that nobody knows not at all', () => {
    expect(parseReport(JSON.stringify(report()))).toEqual(report());
    expect(parseReport(JSON.stringify({ ...report(), format: 2 }))).toBeNull();
  });
});

/** What keeps text from being XML; the grammar as far as the picture uses it. */
function wellFormed(xml: string): string[] {
  const problems: string[] = [];
  const open: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML allows no others
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(xml) || !xml.isWellFormed()) problems.push('a character that XML does not have');
  for (const [piece, closing = '', name = '', rest = ''] of xml.matchAll(/<(\/?)([a-z]+)((?:\s[^<>]*?)?\/?)>|[^<]+|</g)) {
    if (!piece.startsWith('<')) {
      if (/&(?!#\d+;)|\]\]>/.test(piece)) problems.push(`text that is none: ${piece}`);
    } else if (name === '') problems.push('a < that begins nothing');
    else if (closing === '/') {
      if (open.pop() !== name) problems.push(`</${name}> that closes something else`);
    } else {
      if (!/^(?:\s[\w:-]+="[^"<&]*")*\/?$/.test(rest)) problems.push(`attributes that are none: ${rest}`);
      if (!rest.endsWith('/')) open.push(name);
    }
  }
  return open.length === 0 ? problems : [...problems, `${open.join()} left open`];
}
