import { describe, expect, it } from 'vitest';
import { runWorkflow } from './runner/workflow.ts';
import { checkout } from './stand-ins.ts';
import { createWorld, HOME, temporaryFolder } from './world.ts';

/** What the steps after it find in their environment. */
async function environmentAfter(lines: string, names: string, as = '') {
  const workflow = `on: workflow_dispatch
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v6
        with: { repository: ${HOME}, persist-credentials: false }
      - uses: ./.github/actions/secret-lines
        with: { lines: '\${{ secrets.LINES }}', names: '${names}', as: '${as}' }
      - id: after
        run: env -0 | grep -z '^[ABX]_' | tr '\\0' '\\n' | sed 's/=/ is /' | tr '\\n' '|'`;
  const standIns = { 'actions/checkout': checkout({}, await temporaryFolder()) };
  const { jobs } = await runWorkflow('x.yml', workflow, await createWorld({ secrets: { LINES: lines }, standIns }));
  const [job] = jobs;
  return {
    result: job?.result,
    found: (job?.unmasked.split('\n').at(-1) ?? '')
      .split('|')
      .filter((one) => / is /.test(one))
      .toSorted(),
    job,
  };
}

describe('secret-lines', () => {
  it.each([
    ['takes its own line and no other', 'A_URL=postgres://a\nB_URL=postgres://b', 'A_URL', ['A_URL is postgres://a']],
    ['takes several', 'A_URL=1\nB_URL=2\nX_=3', 'A_URL B_URL', ['A_URL is 1', 'B_URL is 2']],
    ['does not take a longer name for it', 'A_URL2=wrong\nXA_URL=wrong\nA_URL=right', 'A_URL', ['A_URL is right']],
    [
      'keeps what values may hold',
      'A_URL=postgres://u:p%25=<<EOF@h/d?a=b&c=$HOME `x`',
      'A_URL',
      ['A_URL is postgres://u:p%25=<<EOF@h/d?a=b&c=$HOME `x`'],
    ],
    ['reads lines as Windows ends them', 'A_URL=1\r\nB_URL=2\r\n', 'A_URL B_URL', ['A_URL is 1', 'B_URL is 2']],
    ['takes the last of two', 'A_URL=old\nA_URL=new', 'A_URL', ['A_URL is new']],
  ])('%s', async (_, lines, names, expected) => {
    expect(await environmentAfter(lines, names)).toMatchObject({ result: 'success', found: expected });
  });

  it('renames one', async () => {
    expect((await environmentAfter('spare=x\nother=y', 'spare', 'A_TARGET')).found).toEqual(['A_TARGET is x']);
  });

  it.each(['spare other', 'spare\tother'])('does not guess which of two is meant: %j', async (names) => {
    const { job, result, found } = await environmentAfter('spare=x\nother=y', names, 'A_TARGET');
    expect(result).toBe('failure');
    expect(found).toEqual([]);
    expect(job?.annotations).toMatchObject([{ kind: 'error', title: 'Too many names' }]);
  });

  it('takes a star for a name, and not for files', async () => {
    const { job } = await environmentAfter('A_URL=1', '*');
    expect(job?.annotations).toMatchObject([{ message: 'No secret line *=… was passed to this job.' }]);
  });

  it('masks what it takes, and warns of what is not there', async () => {
    const { job, result } = await environmentAfter('A_URL=postgres://u:100%25@h', 'A_URL B_URL');
    expect(result).toBe('success');
    expect(job?.log).toContain('A_URL is ***');
    expect(job?.log).not.toContain('100%25');
    expect(job?.annotations).toEqual([{ kind: 'warning', title: 'Secret missing', message: 'No secret line B_URL=… was passed to this job.' }]);
  });
});
