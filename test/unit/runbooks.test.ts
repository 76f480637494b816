import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAsExpected } from '../../scripts/runbooks/expected.ts';
import { runUrlOf, withFooter } from '../../scripts/runbooks/footer.ts';
import { type Page, parsePage, sectionOf } from '../../scripts/runbooks/page.ts';
import { fillIn } from '../../scripts/runbooks/placeholders.ts';
import { pageLines, summaryLine } from '../../scripts/runbooks/report.ts';
import { HEADINGS, problemsOf } from '../../scripts/runbooks/rules.ts';
import { SCENARIOS } from '../../scripts/runbooks/scenarios.ts';
import { ERROR_CODES } from '../../src/errors.ts';
import { RUNBOOK_PLACES } from '../../src/report/runbook-places.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'runbooks');
const pages = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.md') && file !== 'README.md')
  .map((file) => parsePage(file.slice(0, -3), readFileSync(join(FOLDER, file), 'utf8')));

describe.each(pages.map((page) => [page.name, page] as const))('the runbook %s', (_, page) => {
  it('has the form that a person relies on', () => {
    expect(problemsOf(page)).toEqual([]);
  });

  it('runs its commands in scenarios that there are', () => {
    const named = page.blocks.flatMap(({ run, expected }) => [...(run ?? []), ...(expected ?? [])]);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !(name in SCENARIOS))).toEqual([]);
  });
});

const index = parsePage('README', readFileSync(join(FOLDER, 'README.md'), 'utf8'));

describe('the index of the runbooks', () => {
  const links = (text: string | null) => [...(text ?? '').matchAll(/\]\(([^)#]+\.md)/g)].map(([, link = '']) => link);

  it('begins with a table that leads to every page', () => {
    expect(index.text).toMatch(/^# Runbooks\n\n(?:[^|\n].*\n)+\n\| what you see \| page \|\n/);
    const [table = ''] = /\n\|.*?\n\n/s.exec(index.text) ?? [];
    expect(links(table).toSorted()).toEqual(pages.map(({ name }) => `${name}.md`));
  });

  it('leads from every code to its place, and from no code that there is not', () => {
    const rows = [...(sectionOf(index, 'by-error-code') ?? '').matchAll(/^\| `([^`]+)` \| \[[^\]]+\]\(([^)]+)\) \|$/gm)];
    expect(Object.fromEntries(rows.map(([, code, place]) => [code, place]))).toEqual(RUNBOOK_PLACES);
    const results = ['bug', 'preflight', 'not-proven', 'target-missed', 'not-rebuilt'];
    expect(Object.keys(RUNBOOK_PLACES).toSorted()).toEqual([...Object.keys(ERROR_CODES), ...results].toSorted());
  });
});

it.each(Object.entries(RUNBOOK_PLACES))('the code %s is dealt with in %s', (code, place) => {
  const [file = '', anchor = ''] = place.split('#');
  const page: Page | undefined = [index, ...pages].find(({ name }) => `${name}.md` === file);
  expect(sectionOf(page ?? index, anchor)).toContain(code === 'bug' ? '`bug:`' : `\`${code}\``);
});

it('anchors lead to headings', () => {
  const all = [index, ...pages];
  const broken = all.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\(([^):#]*)#([^)]+)\)/g)].flatMap(([, file = '', anchor = '']) => {
      const target = all.find((page) => `${page.name}.md` === (file === '' ? `${name}.md` : file));
      return target === undefined || sectionOf(target, anchor) !== null ? [] : [`${name}.md: ${file}#${anchor}`];
    }),
  );
  expect(broken).toEqual([]);
});

it('game days play pages that there are', () => {
  const drills = readdirSync(join(FOLDER, 'drills')).map((file) => readFileSync(join(FOLDER, 'drills', file), 'utf8'));
  const named = drills.flatMap((text) => [...text.matchAll(/^runbook: (\S+)$/gm)].map(([, file = '']) => file));
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((file) => !pages.some(({ name }) => `${name}.md` === file))).toEqual([]);
});

it('uses every scenario on some page, but for the one that is for tests', () => {
  const used = new Set(pages.flatMap(({ blocks }) => blocks.flatMap(({ run }) => run ?? [])));
  expect(Object.keys(SCENARIOS).filter((name) => !used.has(name))).toEqual(['nothing']);
});

const FOOTER = '<!-- drilled: written by a run -->\nNot drilled yet.\n<!-- /drilled -->\n';
const page = (...body: string[]) => ['# Title', ...HEADINGS.map((heading) => `## ${heading}`), ...body, FOOTER].join('\n');
const bash = (...commands: string[]) => `\`\`\`bash run=nothing\n${commands.join('\n')}\n\`\`\``;
const problems = (text: string) => problemsOf(parsePage('p', text));

describe("a page's form", () => {
  it('is right when nothing is wrong', () => {
    expect(problems(page(bash(`cd '<CLONE>'                                     # the folder with your clone of pg-lifeboat`, 'ls')))).toEqual([]);
  });

  it.each([
    ['a heading is missing', page().replace('## Decide\n', ''), /the headings are/],
    ['headings are in another order', page().replace('## Decide\n## Do it', '## Do it\n## Decide'), /the headings are/],
    ['there is no footer', page().replace(FOOTER, ''), /end with its footer/],
    ['a placeholder is unknown', page(bash('echo <SOMETHING>')), /SOMETHING is none of the placeholders/],
    ['a person would have to fill in a command', page(bash('psql -h <HOST>')), /lines of the set-up only/],
  ])('is not right when %s', (_, text, message) => {
    expect(problems(text)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    ['npm run -s lifeboat -- restore --database x --confirm y', 'npm run -s lifeboat -- restore --database x --dry-run'],
    ['npm run -s lifeboat -- prune --database x --apply', 'npm run -s lifeboat -- prune --database x'],
    ['dropdb x', `psql -c "SELECT 1 FROM pg_database WHERE datname = 'x'"`],
    ['psql -c "DROP TABLE x"', `psql -c '\\d x'`],
    ['psql -c "DELETE FROM x"', 'psql -c "SELECT count(*) FROM x"'],
    ['psql -c "SELECT pg_terminate_backend(pid)"', 'psql -c "SELECT pid FROM pg_stat_activity"'],
    ['psql -c "ALTER DATABASE x RENAME TO y"', 'psql -c "SELECT datname FROM pg_database"'],
    ['psql -c "REINDEX TABLE x"', 'psql -c "SELECT 1"'],
    ['rm -r folder', 'ls folder'],
  ])('is not right when nothing stands before %s', (destroys, shows) => {
    expect(problems(page(bash(destroys)))).toEqual([expect.stringContaining('nothing shows before it')]);
    expect(problems(page(bash(shows), bash(destroys)))).toEqual([]);
    expect(problems(page(bash(shows, destroys)))).toEqual([]);
    expect(problems(page(bash(shows), bash('echo 1'), bash('echo 2'), bash(destroys)))).toHaveLength(1);
  });
});

describe("a block's marks", () => {
  it('are read', () => {
    const { blocks } = parsePage('p', 'a\n```bash run=x,y exit=1\nls\n```\n```bash cannot-run="a console"\n```\n```text expected=x\n…\n```\n');
    expect(blocks.map(({ line, language, run, exit, cannotRun, expected, text }) => [line, language, run, exit, cannotRun, expected, text])).toEqual([
      [2, 'bash', ['x', 'y'], 1, null, null, 'ls'],
      [5, 'bash', null, 0, 'a console', null, ''],
      [7, 'text', null, 0, null, ['x'], '…'],
    ]);
  });

  it.each([
    ['```bash rum=x\n```', /marks are not understood: rum=x/],
    ['```bash run=x exit=many\n```', /exit=many is no exit status/],
    ['```bash run=x\nls', /never closed/],
  ])('of %j are refused', (text, message) => {
    expect(() => parsePage('p', text)).toThrow(message);
  });
});

describe('what was printed', () => {
  it.each([
    ['a\nb', 'a\nb', true],
    ['a\nb\n\n', 'a\nb', true],
    ['a    b', 'a b', true],
    ['took 3.2 s', 'took … s', true],
    ['a\nx\ny\nb', 'a\n…\nb', true],
    ['a\nb', 'a\n…\nb', true],
    ['', '…', true],
    ['a\nb', 'a', false],
    ['a.b', 'a+b', false],
    ['a\nc', 'a\n…\nb', false],
    ['took 3.2 s\nand more', 'took … s', false],
    ['12', '1', false],
  ])('%j is as expected by %j: %s', (printed, expected, is) => {
    expect(isAsExpected(printed, expected)).toBe(is);
  });
});

it('fills in placeholders, and none that it does not know', () => {
  expect(fillIn("cd '<CLONE>' <<SQL", { CLONE: '/c$&' })).toBe("cd '/c$&' <<SQL");
  expect(() => fillIn('<HOST>', {})).toThrow('no value for <HOST>');
});

it('a page of which something was not shown is neither said nor counted to have passed', () => {
  const page = { page: 'p', ran: 3, cannotRun: [], notShown: [], failures: [], seconds: 1 };
  const half = { ...page, notShown: [{ scenario: 'upgrade', reason: 'one server only' }] };
  expect(pageLines(half)).toEqual(['not shown: p: ran 3 blocks in 1 s', '       not shown: upgrade: one server only']);
  expect(pageLines({ ...half, failures: ['x'] })[0]).toBe('FAILED p: ran 3 blocks in 1 s');
  expect(summaryLine([page, half, { ...page, failures: ['x'] }], 2)).toBe(
    'runbooks: 1 page passed, 1 failed, 1 not shown, 9 blocks ran, 0 cannot run here, 2 s',
  );
});

describe('the footer', () => {
  const drilled = { at: new Date('2026-11-20T03:00:00Z'), runUrl: null, commands: 12, cannotRun: 0, seconds: 3.21 };

  it('says when, by which run and how long, and nothing else of the page changes', () => {
    const [run, before] = ['https://github.com/o/p/actions/runs/1', `# Title\n\n${FOOTER}`];
    const once = withFooter(before, { ...drilled, runUrl: run, cannotRun: 1 });
    expect(once).toBe(
      before.replace(
        'Not drilled yet.',
        `Last drilled on 2026-11-20 by [this run](${run}): 12 command blocks in 3.21 s; 1 cannot run outside of its own place.`,
      ),
    );
    expect(withFooter(once, drilled)).toContain('\nLast drilled on 2026-11-20 by a run by hand: 12 command blocks in 3.21 s.\n');
  });

  it('is never written where it has no place', () => {
    expect(() => withFooter('# Title\n', drilled)).toThrow('has no footer');
  });

  it('knows the run that it is', () => {
    expect(runUrlOf({ GITHUB_SERVER_URL: 'https://g', GITHUB_REPOSITORY: 'o/p', GITHUB_RUN_ID: '7' })).toBe('https://g/o/p/actions/runs/7');
    expect(runUrlOf({})).toBeNull();
  });
});
