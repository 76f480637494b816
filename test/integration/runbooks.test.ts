import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clusterOf } from '../harness/postgres.ts';
import { eventually, isAlive } from '../harness/wait.ts';

// That the pages themselves hold is for `npm run test:runbooks` to say; here it is shown to notice when one does not.
const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'test-runbooks.ts');
const FOOTER = '<!-- drilled: written by a run -->\nNot drilled yet.\n<!-- /drilled -->\n';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** Runs pages of these texts as `npm run test:runbooks` does, in a folder of their own. */
async function runPages(texts: Readonly<Record<string, string>>, ...more: string[]) {
  return (await startPages(texts, ...more)).end();
}

async function startPages(texts: Readonly<Record<string, string>>, ...more: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'runbooks-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, `${name}.md`), `# Page\n\n${text}\n\n${FOOTER}`);
  const { PATH = '', HOME = '' } = process.env;
  const { major, installation } = clusterOf();
  const child = spawn(process.execPath, [SCRIPT, '--folder', folder, ...more], {
    env: { PATH, HOME, LIFEBOAT_TEST_PG_BINDIRS: `${major}=${installation.bindir}`, SECRET_OF_OURS: 'x' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    child,
    end: async () => ({ status: await closed, printed, page: (name: string) => readFile(join(folder, `${name}.md`), 'utf8') }),
  };
}

type Run = Awaited<ReturnType<typeof runPages>>;
const bash = (commands: string, marks = 'run=nothing') => `\`\`\`bash ${marks}\n${commands}\n\`\`\``;
const expected = (text: string) => `\`\`\`text expected=nothing\n${text}\n\`\`\``;

const GOOD = [
  bash('export NAME=world\ncd /'),
  bash('echo "hello $NAME from $PWD"\npsql --version >&2'),
  expected('hello world from /\npsql (PostgreSQL) …'),
  bash('echo before; false', 'run=nothing exit=1'),
  bash('echo "secret: $SECRET_OF_OURS"'),
  expected('secret:'),
  bash('open console', 'cannot-run="a console of the provider"'),
].join('\n\n');

describe('a runbook whose commands work', () => {
  it('passes, counts what ran and what cannot, and is left as it is', async () => {
    const { status, printed, page } = await runPages({ page: GOOD });
    expect(printed).toMatch(
      /^ok {5}page: ran 4 blocks in .* s, 1 cannot run\n {7}cannot run \(line \d+\): a console of the provider\nrunbooks: 1 page passed, 0 failed, 4 blocks ran, 1 cannot run here, .* s\n$/,
    );
    expect(status).toBe(0);
    expect(await page('page')).toContain('Not drilled yet.');
  });
});

it('a run that is interrupted in a command that hangs takes the command with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runbooks-'));
  folders.push(folder);
  const file = join(folder, 'pid');
  const { child, end } = await startPages({ page: bash(`sleep 1000 & echo $! > ${file}.new; mv ${file}.new ${file}; wait`) });
  await eventually(() => existsSync(file));
  child.kill('SIGINT');
  expect((await end()).status).toBe(130);
  const pid = Number(await readFile(file, 'utf8'));
  await eventually(async () => !(await isAlive(pid)));
});

const BAD: readonly (readonly [string, string, RegExp])[] = [
  [
    'a command fails',
    bash('echo first\nls /nowhere\necho last'),
    /\.md:3: it ended with exit status 2 instead of 0, and printed\n +first\n.*nowhere/,
  ],
  ['a command is not there', bash('lifebot backup'), /exit status 127 instead of 0/],
  ['the left side of a pipe fails', bash('false | cat'), /exit status 1 instead of 0/],
  ['a command that should fail does not', bash('true', 'run=nothing exit=1'), /exit status 0 instead of 1/],
  ['a command prints something else', `${bash('echo one')}\n${expected('two')}`, /\.md:6: expected\n +two\n +and it printed\n +one/],
  ['a block is not marked', '```bash\ntrue\n```', /\.md:3: a block of commands is bash, and marked either/],
  ['a block says both', bash('true', 'run=nothing cannot-run="x"'), /marked either/],
  ['commands are not called bash', '```sh\ntrue\n```', /\.md:3: a block of commands is bash/],
  ['there is no such scenario', bash('true', 'run=nobody'), /there is no scenario nobody/],
  ['a placeholder has no value', bash('echo <HOST>'), /scenario has no value for <HOST>/],
];

describe('a runbook fails', () => {
  let run: Run;
  beforeAll(async () => {
    run = await runPages({ ...Object.fromEntries(BAD.map(([, text], i) => [`bad-${i}`, text])), good: GOOD }, '--record');
  });

  it.each(BAD.map(([when, , message], i) => [when, `bad-${i}`, message] as const))('when %s', async (_, name, message) => {
    const [report] = new RegExp(`^FAILED ${name}: ran \\d.*\\n(?: {7}.*\\n)+`, 'm').exec(run.printed) ?? [''];
    expect(report).toMatch(message);
    expect(await run.page(name)).toContain('Not drilled yet.');
  });

  it('and with it the run, after all others had their turn and their footer', async () => {
    expect(run.status).toBe(1);
    expect(run.printed).toMatch(/\nrunbooks: 1 page passed, 10 failed, .*\n$/);
    expect(await run.page('good')).toMatch(
      /\nLast drilled on \d{4}-\d\d-\d\d by a run by hand: 4 command blocks in .* s; 1 cannot run outside of its own place\.\n<!--/,
    );
  });
});
