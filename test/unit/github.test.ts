import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { annotate } from '../../src/github/annotations.ts';
import { type Commands, stopCommands } from '../../src/github/commands.ts';
import { docsLink } from '../../src/github/docs.ts';
import { createRunnerLog } from '../../src/github/log.ts';
import { cutToFit, writeSummary } from '../../src/github/summary.ts';
import { restoreMarkdown } from '../../src/report/markdown/restore.ts';
import type { Problem } from '../../src/report/problem.ts';
import type { RestoreResult } from '../../src/restore/restore.ts';
import { readRunnerLog } from '../harness/runner-log.ts';

const MIB = 1024 * 1024;
const HOSTILE = ['::set-output name=x::y', '##[error]boom', 'a ##[group]b', '\n::error::z', '::stop-commands::x', '  ::add-mask::pg_dump'];

let printed = '';
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += chunk;
    return true;
  });
});
afterEach(() => void vi.restoreAllMocks());

function logOf(options: { verbose?: boolean; hide?: (text: string) => string; now?: () => number } = {}): {
  log: ReturnType<typeof createRunnerLog>;
  commands: Commands;
} {
  const write = (text: string) => void process.stdout.write(text);
  const commands = stopCommands(write);
  return { log: createRunnerLog({ write, commands, hide: (text) => text, verbose: false, ...options }), commands };
}

describe('the log of a runner', () => {
  it('obeys nothing that came from a database', () => {
    const { log, commands } = logOf({ verbose: true });
    for (const text of HOSTILE) {
      log.info(text);
      log.warn(text);
      log.output('pg_dump', text);
      log.progress({ phase: text, done: 1, unit: 'rows' });
      log.group(text, [text]);
    }
    log.close();
    commands.resume();
    const { commands: obeyed, text, resumed } = readRunnerLog(printed);
    expect([...new Set(obeyed.map(({ name }) => name))].toSorted()).toEqual(['endgroup', 'group']);
    expect(obeyed.filter(({ name }) => name === 'group')).toHaveLength(obeyed.length / 2);
    expect(text.filter((line) => /^\s*(?:::(?!(?:stop-commands::)?[0-9a-f]{32})|##\[)/.test(line))).toEqual([]);
    expect(resumed).toBe(true);
  });

  it('uses another token every time it stops commands', () => {
    const { commands } = logOf();
    commands.issue(() => {});
    const tokens = [...printed.matchAll(/::stop-commands::(.*)/g)].map(([, token]) => token);
    expect(new Set(tokens).size).toBe(2);
  });

  it('groups what happens by phase, with a line of progress every half minute', () => {
    let now = 0;
    const { log } = logOf({ now: () => now });
    for (; now <= 65_000; now += 100) log.progress({ phase: 'backup', done: now, total: 100_000, unit: 'bytes' });
    log.progress({ phase: 'verify rows', done: 0, total: 5, unit: 'rows' });
    log.close();
    const { commands, text } = readRunnerLog(printed);
    expect(commands.map(({ name, data }) => `${name} ${data}`)).toEqual(['group backup', 'endgroup ', 'group verify rows', 'endgroup ']);
    expect(text.filter((line) => line.startsWith('backup: '))).toHaveLength(2);
  });

  it('shows warnings and errors of programs, and fifty of them at most', () => {
    const { log } = logOf();
    log.output('pg_dump', 'pg_dump: reading tables');
    for (let i = 0; i < 60; i += 1) log.output('pg_restore', `pg_restore: error: ${i}`);
    log.close();
    expect(printed.match(/pg_restore: error/g)).toHaveLength(50);
    expect(printed).not.toContain('reading tables');
    expect(printed).toContain('10 more lines like these were not shown');
  });

  it('hides secrets in lines, groups and warnings', () => {
    const { log } = logOf({ hide: (text) => text.replaceAll('hunter2', '***') });
    log.info('hunter2');
    log.warn('hunter2');
    log.group('hunter2', ['hunter2']);
    expect(printed).not.toContain('hunter2');
    expect(log.warnings).toEqual(['***']);
  });
});

describe('annotations', () => {
  const problem = (change: Partial<Problem>): Problem => ({
    level: 'error',
    code: 'store-failed',
    title: 'store-failed',
    message: 'm',
    remedy: 'r',
    ...change,
  });
  const annotated = (problems: readonly Problem[]) => {
    const { commands } = logOf();
    annotate(problems, () => 'https://link', commands);
    return readRunnerLog(printed).commands;
  };

  it('hold the code, the sentence, the remedy and the link', () => {
    expect(annotated([problem({ title: 'a:b,c', message: 'what\n::error::happened 100%' })])).toEqual([
      { name: 'error', properties: { title: 'a:b,c' }, data: 'what\n::error::happened 100%\nr\nhttps://link' },
    ]);
  });

  it('are ten at most, the worst first', () => {
    const warnings = Array.from({ length: 8 }, (_, i) => problem({ level: 'warning', code: null, title: 'warning', message: `w${i}`, remedy: '' }));
    const errors = Array.from({ length: 8 }, (_, i) => problem({ message: `e${i}` }));
    const shown = annotated([...warnings, ...errors]);
    expect(shown.map(({ name }) => name)).toEqual([...Array(8).fill('error'), 'warning', 'warning']);
    expect(shown.at(-1)?.data).toBe('7 more are in the summary and in the log.');
  });

  it('link to the version of the project that runs', () => {
    const remote = {
      GITHUB_SERVER_URL: 'https://ghe.example.com',
      GITHUB_ACTION_REPOSITORY: 'o/p',
      GITHUB_ACTION_REF: 'v1',
      GITHUB_REPOSITORY: 'x/y',
    };
    expect(docsLink('bad-option', remote)).toBe('https://ghe.example.com/o/p/blob/v1/runbooks/backup-failed.md#the-question-was-wrong');
    expect(docsLink('not-proven', { GITHUB_REPOSITORY: 'x/y', GITHUB_SHA: 'abc' })).toBe(
      'https://github.com/x/y/blob/abc/runbooks/drill-failed.md#decide',
    );
    const called = { LIFEBOAT_REPOSITORY: 'o/p', LIFEBOAT_COMMIT: 'def', GITHUB_REPOSITORY: 'x/y', GITHUB_SHA: 'abc' };
    expect(docsLink('bad-option', called)).toBe('https://github.com/o/p/blob/def/runbooks/backup-failed.md#the-question-was-wrong');
    expect(docsLink('bad-option', {})).toBe('runbooks/backup-failed.md#the-question-was-wrong');
  });
});

describe('the summary', () => {
  const folder = mkdtemp(join(tmpdir(), 'lifeboat-summary-'));
  afterAll(async () => rm(await folder, { recursive: true }));

  it('fits into a mebibyte beside what is there, whatever the number of tables', async () => {
    const file = join(await folder, 'summary');
    await writeFile(file, 'x'.repeat(1000));
    const result: RestoreResult = {
      ok: true,
      dryRun: false,
      plan: Array.from({ length: 9000 }, (_, i) => `Restore ${'|<img>'.repeat(20)}${i}`),
      target: 'shop on db:5432',
      database: 'shop',
      backup: '20261120T020013Z-3f9a',
      tables: 9000,
      rows: 1,
      phases: [],
      problems: [],
    };
    expect(Buffer.byteLength(restoreMarkdown(result))).toBeLessThan(MIB / 4);
    const markdown = `## Long\n\n<details>\n<summary>All</summary>\n\n${Array.from({ length: 60_000 }, (_, i) => `| \`table ${i} ä\` | 1 |`).join('\n')}\n\n</details>\n`;
    expect(Buffer.byteLength(markdown)).toBeGreaterThan(MIB);
    expect(await writeSummary(markdown, { GITHUB_STEP_SUMMARY: file })).toBeNull();
    const written = await readFile(file);
    expect(written.byteLength).toBeLessThanOrEqual(MIB);
    expect(written.byteLength).toBeGreaterThan(MIB - 1000);
    const text = written.toString('utf8');
    expect(text).not.toContain('\ufffd');
    expect(text).toMatch(/<\/details>\n\n> \*\*Note:\*\* this summary was cut here[^\n]*\n$/);
  });

  it('is cut between lines, with fences and folds closed, never longer than allowed', () => {
    const line = fc.constantFrom('```mermaid', '```', '<details>', '</details>', '| ä | b |', '', '- item');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 80 }), fc.integer({ min: 250, max: 600 }), (lines, most) => {
        const markdown = lines.join('\n');
        const cut = cutToFit(markdown, most);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(most);
        if (cut !== markdown) {
          const end = cut.slice(0, cut.indexOf('\n> **Note:**'));
          expect(end.split('\n').filter((one) => one.startsWith('```')).length % 2).toBe(0);
        }
      }),
    );
  });
});
