import { describe, expect, test } from 'vitest';
import type { IndexOutcome } from '../../src/indexes/repair/outcome.ts';
import type { ReindexResult } from '../../src/indexes/repair/reindex.ts';
import { reindexHeadline } from '../../src/report/headline.ts';
import { reindexMarkdown } from '../../src/report/markdown/reindex.ts';
import { reindexProblems } from '../../src/report/reindex-problems.ts';
import { reindexText } from '../../src/report/terminal/reindex.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';

const MIB = 1024 ** 2;

function outcome(part: Partial<IndexOutcome> = {}): IndexOutcome {
  return {
    schema: 'shop',
    name: 'orders_idx',
    table: 'orders',
    leafOf: null,
    outcome: 'rebuilt',
    why: null,
    bytesBefore: 100 * MIB,
    predictedBytes: 40 * MIB,
    method: 'measured',
    bytesAfter: 41 * MIB,
    gainedBytes: 59 * MIB,
    seconds: 12,
    attempts: 1,
    raisedThreshold: null,
    ...part,
  };
}

const left = {
  schema: 'shop',
  name: 'a|b_ccnew',
  table: 'orders',
  bytes: 8192,
  noted: true,
  removed: false,
  why: 'somebody uses it',
  sql: 'DROP INDEX CONCURRENTLY "shop"."a|b_ccnew"',
};
const not = { bytesAfter: null, gainedBytes: null, seconds: null };

const result: ReindexResult = {
  ok: false,
  applied: true,
  database: 'shop',
  at: '2026-01-10T02:00:00.000Z',
  report: 'shop/reports/20260110T020000Z.json',
  indexes: [
    outcome(),
    outcome({ name: 'evil|<b>\u001b[31m', outcome: 'refused', why: 'It is \u001b[31mred | <i>', ...not }),
    outcome({ name: 'late', outcome: 'failed', why: 'A lock could not be had in time.', attempts: 4, ...not, seconds: 3 }),
    outcome({ name: 'grown', gainedBytes: -10 * MIB, bytesAfter: 110 * MIB, why: 'A rebuild gained -10 %.' }),
  ],
  leftovers: [left, { ...left, name: 'c_ccnew', removed: true, why: null }],
  gainedBytes: 49 * MIB,
  seconds: 20,
  notes: ['Nothing notes what is under way.'],
};
const dry: ReindexResult = { ...result, ok: true, applied: false, indexes: [outcome({ outcome: 'planned', ...not })], leftovers: [], gainedBytes: 0 };

test('a headline counts', () => {
  expect(reindexHeadline(result)).toBe('Rebuilt 2 of 4 indexes of shop, 49.0 MiB gained. 1 failed.');
  expect(reindexHeadline(dry)).toBe('Dry run: nothing was rebuilt; 1 of 1 index of shop would be.');
});

describe('the terminal', () => {
  test('shows sizes before, predicted and after, reasons, and what is left over with what removes it', () => {
    const text = reindexText(result, PLAIN);
    expect(text).toMatch(/shop\.orders_idx +rebuilt +100 MiB +40\.0 MiB +41\.0 MiB +59\.0 MiB \(59 %\) +12 s/);
    expect(text).toMatch(/shop\.grown .*-10\.0 MiB \(-10 %\)/);
    expect(text).toContain('shop.late: A lock could not be had in time.');
    expect(text).toContain('DROP INDEX CONCURRENTLY "shop"."a|b_ccnew";');
    expect(text).toContain('shop.c_ccnew: removed');
    expect(text).toContain('note: Nothing notes');
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('--apply');
  });

  test('says how to go on after a dry run', () => {
    expect(reindexText(dry, PLAIN)).toContain('add --apply');
  });
});

test('Markdown shows the same, and lets no name become more than a name', () => {
  const text = reindexMarkdown(result);
  expect(text).toMatch(/^## ❌ Rebuilt indexes of `shop`\n/);
  expect(text).toContain('| `shop.orders_idx` | rebuilt | 100 MiB | 40.0 MiB | 41.0 MiB | 59.0 MiB (59 %) | 12 s |  |');
  expect(text).toContain('20260110T020000Z.json');
  for (const raw of ['<b>', '<i>', '\u001b']) expect(text).not.toContain(raw);
  for (const row of text.split('\n').filter((line) => line.includes('evil'))) expect(row.split('|')).toHaveLength(10);
  expect(reindexMarkdown(dry)).toMatch(/^## Dry run: no index of `shop` was rebuilt\n/);
});

test('annotations name what was not rebuilt, and what was left behind', () => {
  expect(reindexProblems(result).map(({ level, title, message }) => [level, title, message])).toEqual([
    ['error', 'not-rebuilt', expect.stringContaining('It is')],
    ['error', 'not-rebuilt', 'shop.late: A lock could not be had in time.'],
    ['warning', 'warning', 'shop."a|b_ccnew" is left over: somebody uses it'],
  ]);
  expect(reindexProblems(dry)).toEqual([]);
});
