import { describe, expect, it } from 'vitest';
import type { PreflightCheck } from '../../src/preflight/judgement.ts';
import type { PreflightResult } from '../../src/preflight/preflight.ts';
import { preflightHeadline } from '../../src/report/headline.ts';
import { preflightMarkdown } from '../../src/report/markdown/preflight.ts';
import { preflightProblems } from '../../src/report/problem.ts';
import { preflightShort, preflightText } from '../../src/report/terminal/preflight.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';

const fine: PreflightCheck = { area: 'source', name: 'tls', verdict: 'pass', says: 'Nothing goes over a network.', remarks: [] };
const HOSTILE = 'x\u001b[31m"|`<b>@ann #1';
const bad: PreflightCheck = {
  area: 'source',
  name: 'privileges',
  verdict: 'fail',
  says: 'The role may read 1 of 2.',
  remarks: [
    {
      level: 'fail',
      message: 'The role may not read 1 table.',
      remedy: 'GRANT pg_read_all_data TO "r";',
      objects: [HOSTILE, ...Array.from({ length: 60 }, (_, i) => `t${i}`)],
    },
    { level: 'warn', message: 'It is odd.', remedy: 'Look.', objects: [] },
  ],
};
const blind: PreflightCheck = {
  area: 'store',
  name: 'versioning',
  verdict: 'not-run',
  says: 'Versioning was asked for.',
  remarks: [{ level: 'not-run', message: 'Versioning could not be looked at.', remedy: '', objects: [] }],
};
const resultOf = (checks: readonly PreflightCheck[], verdict: PreflightResult['verdict']): PreflightResult => ({
  ok: verdict !== 'fail',
  verdict,
  at: '2026-11-20T02:00:13.000Z',
  database: 'shop',
  storage: 's3://bucket',
  provider: 'Supabase',
  checks,
});

describe('the headline of a preflight', () => {
  it.each([
    [resultOf([fine], 'pass'), 'Preflight of shop (Supabase): all 1 check passed.'],
    [resultOf([fine, blind], 'not-run'), 'Preflight of shop (Supabase): nothing failed; 1 not examined, 1 of 2 checks passed.'],
    [resultOf([fine, bad, blind], 'fail'), 'Preflight of shop (Supabase): 1 of 3 checks failed (source privileges); 1 not examined.'],
  ])('never calls it passed when something was not looked at', (result, headline) => {
    expect(preflightHeadline(result)).toBe(headline);
  });
});

describe('a preflight on the terminal', () => {
  const text = preflightText(resultOf([fine, bad, blind], 'fail'), PLAIN);
  it('has the verdict first, every check once, and each remark with its remedy', () => {
    const lines = text.split('\n');
    expect(lines[0]).toMatch(/^Preflight of shop/);
    expect(lines.filter((line) => /^source +privileges +FAIL/.test(line))).toHaveLength(1);
    expect(lines.filter((line) => /^store +versioning +not run/.test(line))).toHaveLength(1);
    expect(text).toMatch(/What fails:\n {2}source, privileges: The role may not read 1 table\.\n {4}- x\\e\[31m/);
    expect(text).toMatch(
      /and 41 more; --json has them all\n {4}GRANT pg_read_all_data TO "r";\n\nWarnings:\n {2}source, privileges: It is odd\.\n {4}Look\./,
    );
    expect(text).toMatch(/Not examined:\n {2}store, versioning: Versioning could not be looked at\.$/);
  });
  it('in short says only what is amiss', () => {
    expect(preflightShort(resultOf([fine, bad], 'fail'), PLAIN)).not.toContain('tls');
    expect(preflightShort(resultOf([fine], 'pass'), PLAIN).split('\n')).toHaveLength(1);
  });
});

describe('a preflight as Markdown', () => {
  const text = preflightMarkdown(resultOf([fine, bad, blind], 'fail'));
  it('has the verdict first, one table, and the remarks folded', () => {
    expect(text).toMatch(/^## ❌ `shop` would fail\n/);
    expect(text.match(/\| Where \| Check \| Verdict \| What \|/g)).toHaveLength(1);
    expect(text.match(/<details>/g)).toHaveLength(2);
    expect(text).toContain('Remedy: GRANT pg&#95;read&#95;all&#95;data TO &#34;r&#34;;');
    expect(text).toContain('- and 11 more');
  });
  it('shows names of a database as text and nothing else', () => {
    expect(text).not.toContain('<b>');
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('@ann');
  });
});

describe('the annotations of a preflight', () => {
  it('are an error for each failure and a warning for each warning, with the remedy', () => {
    expect(preflightProblems(resultOf([fine, bad, blind], 'fail'))).toEqual([
      {
        level: 'error',
        code: 'preflight',
        title: 'preflight: source, privileges',
        message: 'The role may not read 1 table.',
        remedy: 'GRANT pg_read_all_data TO "r";',
      },
      { level: 'warning', code: 'preflight', title: 'preflight: source, privileges', message: 'It is odd.', remedy: 'Look.' },
    ]);
  });
});
