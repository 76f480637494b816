// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings hold workflows
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runWorkflow } from './runner/workflow.ts';
import type { JobRun, World } from './runner/world.ts';
import { createWorld } from './world.ts';

async function run(jobs: string, part: Partial<World> = {}, head = 'on: workflow_dispatch') {
  return runWorkflow('.github/workflows/x.yml', `${head}\njobs:\n${jobs}`, await createWorld(part));
}

/** One job with these steps. */
async function job(steps: string, part: Partial<World> = {}, more = ''): Promise<JobRun> {
  const indented = steps.replaceAll(/^/gm, '      ');
  const { jobs } = await run(`  one:\n    runs-on: ubuntu-24.04\n${more}    steps:\n${indented}`, part);
  return jobs[0] as JobRun;
}

const conclusions = ({ steps }: JobRun) => steps.map(({ id, conclusion }) => `${id} ${conclusion}`);
const said = ({ log }: JobRun) => log.split('\n').filter((line) => !line.startsWith('##'));

describe('steps', () => {
  it('run in bash, stop at the first failure, and ask their conditions from then on', async () => {
    const end = await job(`
- { id: a, run: 'false; echo never' }
- { id: b, run: echo b }
- { id: c, run: echo c, if: always() }
- { id: d, run: echo d, if: failure() }
- { id: e, run: echo e, if: "failure() && steps.a.outcome == 'success'" }
- { id: f, run: echo f, if: cancelled() }`);
    expect(end.result).toBe('failure');
    expect(conclusions(end)).toEqual(['a failure', 'b skipped', 'c success', 'd success', 'e skipped', 'f skipped']);
    expect(said(end)).toEqual(['Error: Process completed with exit code 1.', 'c', 'd']);
  });

  it('fail for the left side of a pipe only where the shell is named', async () => {
    expect((await job('- run: false | true')).result).toBe('success');
    expect((await job('- { run: false | true, shell: bash }')).result).toBe('failure');
    expect((await job('- run: false | true', {}, '    defaults: { run: { shell: bash } }\n')).result).toBe('failure');
  });

  it('go on after continue-on-error, and know outcome from conclusion', async () => {
    const end = await job(`
- { id: a, run: exit 3, continue-on-error: true }
- run: echo \${{ steps.a.outcome }} \${{ steps.a.conclusion }}`);
    expect(end.result).toBe('success');
    expect(said(end)).toContain('failure success');
  });

  it('pass outputs, environment, path and summary by files', async () => {
    const end = await job(
      `
- id: a
  run: |
    echo 'x=1=2' >> "$GITHUB_OUTPUT"
    printf 'y<<EOF\\nline 1\\nline 2\\nEOF\\n' >> "$GITHUB_OUTPUT"
    echo 'FROM_A=yes' >> "$GITHUB_ENV"
    mkdir bin && printf '#!/bin/sh\\necho mine' > bin/mine && chmod +x bin/mine
    echo "$PWD/bin" >> "$GITHUB_PATH"
    echo '# Done' >> "$GITHUB_STEP_SUMMARY"
- { run: 'echo "$FROM_A $LEVEL $X $Y" && mine', env: { X: '\${{ steps.a.outputs.x }}', Y: '\${{ steps.a.outputs.y }}', LEVEL: step } }
- run: echo "$LEVEL \${{ env.FROM_A }}"`,
      {},
      '    env: { LEVEL: job }\n',
    );
    expect(said(end)).toEqual(['yes step 1=2 line 1', 'line 2', 'mine', 'job yes']);
    expect(end.summary).toBe('# Done\n');
  });

  it('hide secrets line by line, and whatever a step masks', async () => {
    const steps = '- { run: \'echo "$S"; echo ::add-mask::hush; echo hush::\', env: { S: "${{ secrets.S }}" } }';
    const end = await job(steps, { secrets: { S: 'one\ntwo' } });
    expect(said(end)).toEqual(['***', '***', '***::']);
    expect(end.unmasked).toContain('two');
  });

  it('annotate, unless commands are stopped', async () => {
    const end = await job('- run: printf "::error title=T::a%%0Ab\\n::stop-commands::tok\\n::error::no\\n::tok::\\n::warning::w\\n"');
    expect(end.annotations).toEqual([
      { kind: 'error', title: 'T', message: 'a\nb' },
      { kind: 'warning', title: '', message: 'w' },
    ]);
    expect(said(end)).toContain('::error::no');
  });

  it('are stopped when they take too long', async () => {
    const end = await job('- { run: exec sleep 60, timeout-minutes: 0.005 }');
    expect(end.result).toBe('failure');
    expect(said(end)).toEqual(['Error: The step took more than 0.005 minutes.']);
  });

  it('are cancelled with the run, except for what says always() or cancelled()', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    const end = await job(
      '- { id: a, run: exec sleep 60 }\n- { id: b, run: echo b }\n- { id: c, run: echo c, if: cancelled() }\n- { id: d, run: echo d, if: always() }',
      { signal: controller.signal },
    );
    expect(end.result).toBe('cancelled');
    expect(conclusions(end)).toEqual(['a cancelled', 'b skipped', 'c success', 'd success']);
  });

  it('work where they are told to', async () => {
    const end = await job('- run: mkdir -p a/b\n- { run: basename "$PWD", working-directory: a/b }');
    expect(said(end)).toEqual(['b']);
  });
});

describe('actions', () => {
  const checkout = (files: Record<string, string>): World['standIns'] => ({
    'actions/checkout': async ({ workspace, inputs }) => {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(join(workspace, name, '..'), { recursive: true });
        await writeFile(join(workspace, name), text);
      }
      return { outputs: { ref: inputs['ref'] ?? '' }, environment: { CHECKED_OUT: 'yes' } };
    },
  });
  const META = 'name: n\ndescription: d\n';

  it('are played by stand-ins, which leave outputs and environment', async () => {
    const end = await job('- { id: c, uses: actions/checkout@v1, with: { ref: abc } }\n- run: echo "$CHECKED_OUT ${{ steps.c.outputs.ref }}"', {
      standIns: checkout({}),
    });
    expect(said(end)).toEqual(['yes abc']);
  });

  it('in JavaScript get inputs with their defaults, and clean up last to first', async () => {
    const script = `console.log(process.env.INPUT_TWO, process.env['INPUT_THE-ONE'], process.env.STATE_s ?? '-');
      require('fs').appendFileSync(process.env.GITHUB_STATE, 's=' + process.env.INPUT_TWO + '\\n');`;
    const action = `${META}inputs: { two: { default: '2' }, the-one: { description: d } }\nruns: { using: node24, main: i.cjs, post: i.cjs }`;
    const standIns = checkout({ 'a/action.yml': action, 'a/i.cjs': script });
    const end = await job(
      '- uses: actions/checkout@v1\n- { uses: ./a, with: { the-one: 1 } }\n- { uses: ./a, with: { two: 3, unheard-of: x } }\n- run: echo end',
      {
        standIns,
      },
    );
    expect(said(end)).toEqual(['2 1 -', '3  -', 'end', '3  3', '2 1 2']);
    expect(end.annotations.map(({ message }) => message)).toEqual(["Unexpected input(s) 'unheard-of'"]);
  });

  it('made of steps see their own inputs and steps, and give outputs', async () => {
    const action = `${META}inputs: { who: { default: you } }\noutputs: { said: { value: '\${{ steps.s.outputs.what }}' } }
runs:
  using: composite
  steps:
    - { shell: bash, run: 'echo A=inner >> "$GITHUB_ENV"' }
    - { id: s, shell: bash, env: { WHO: '\${{ inputs.who }}' }, run: 'echo "what=$WHO $A $(basename "$GITHUB_ACTION_PATH")" >> "$GITHUB_OUTPUT"' }`;
    const standIns = checkout({ 'c/action.yml': action });
    const end = await job(
      '- uses: actions/checkout@v1\n- { id: c, uses: ./c }\n- run: echo "${{ steps.c.outputs.said }}"',
      { standIns },
      '    env: { A: outer }\n',
    );
    expect(said(end)).toEqual(['you inner c']);
  });

  it('fail their job when they are not there', async () => {
    const end = await job('- uses: ./nowhere');
    expect(end.result).toBe('failure');
    expect(end.log).toMatch(/Can't find 'action\.yml'/);
  });
});

describe('jobs', () => {
  it('wait for those they need, and are skipped with them', async () => {
    const { jobs, result } = await run(`
  last: { runs-on: x, needs: [middle], if: always(), steps: [{ run: 'echo "\${{ needs.middle.result }}"' }] }
  middle: { runs-on: x, needs: first, steps: [{ run: echo }] }
  first: { runs-on: x, steps: [{ run: exit 1 }] }
  rescue: { runs-on: x, needs: middle, if: failure(), steps: [{ run: echo }] }`);
    expect(result).toBe('failure');
    expect(jobs.map(({ id, result: end }) => `${id} ${end}`)).toEqual(['first failure', 'middle skipped', 'last success', 'rescue success']);
    expect(said(jobs[2] as JobRun)).toEqual(['skipped']);
  });

  it('fan out over the output of another', async () => {
    const { jobs } = await run(`
  list:
    runs-on: x
    outputs: { m: '\${{ steps.m.outputs.m }}' }
    steps: [{ id: m, run: 'echo ''m={"include":[{"d":"a","e":"E"},{"d":"b"}]}'' >> "$GITHUB_OUTPUT"' }]
  each:
    needs: list
    runs-on: x
    strategy: { fail-fast: false, matrix: '\${{ fromJSON(needs.list.outputs.m) }}' }
    concurrency: { group: 'x-\${{ matrix.d }}', cancel-in-progress: false }
    steps: [{ run: 'echo "\${{ matrix.d }}-\${{ matrix.e }}"' }]`);
    expect(jobs.slice(1).map(said)).toEqual([['a-E'], ['b-']]);
    expect(jobs.slice(1).map(({ concurrency }) => concurrency)).toEqual([
      { group: 'x-a', cancelInProgress: false },
      { group: 'x-b', cancelInProgress: false },
    ]);
  });

  it('stop the rest of a matrix when one fails, unless told not to', async () => {
    const matrix = (more: string) =>
      run(`  m: { runs-on: x, strategy: { ${more} matrix: { n: [1, 2] } }, steps: [{ run: 'exit "\${{ matrix.n == 1 }}"' }] }`);
    expect((await matrix('')).jobs.map(({ result }) => result)).toEqual(['failure', 'cancelled']);
    expect((await matrix('fail-fast: false,')).jobs.map(({ result }) => result)).toEqual(['failure', 'failure']);
  });

  it('get the secrets of their environment, once it is approved', async () => {
    const guarded = "  g: { runs-on: x, environment: prod, steps: [{ run: 'test \"$S\" = prod', env: { S: '${{ secrets.S }}' } }] }";
    const environments = (approved: boolean) => ({ environments: { prod: { secrets: { S: 'prod' }, approved } }, secrets: { S: 'all' } });
    expect((await run(guarded, environments(true))).result).toBe('success');
    expect((await run(guarded, environments(false))).result).toBe('failure');
    expect((await run(guarded, { secrets: { S: 'all' } })).result).toBe('failure');
  });

  it('lose outputs that hold a secret, as GitHub drops them', async () => {
    const { jobs } = await run("  a: { runs-on: x, outputs: { o: 'x${{ github.token }}' }, steps: [{ run: echo }] }");
    expect(jobs[0]?.outputs).toEqual({});
  });
});

describe('workflows', () => {
  const inner = `on:
  workflow_call:
    inputs: { who: { type: string, required: true }, loud: { type: boolean, default: true } }
    secrets: { S: { required: false } }
jobs:
  say: { runs-on: x, steps: [{ run: 'echo "\${{ inputs.who }} \${{ inputs.loud }} $S|"', env: { S: '\${{ secrets.S }}' } }] }`;
  const calling = (more: string, secrets = {}) =>
    run(`  c: { uses: lifeboat-home/pg-lifeboat/.github/workflows/inner.yml@v1, ${more} }`, { readWorkflow: async () => inner, secrets });

  it('call others, which get what they are given and no more', async () => {
    const { jobs } = await calling("with: { who: me }, secrets: { S: '${{ secrets.T }}' }", { T: 'tee', S: 'ess' });
    expect(jobs.map(({ id }) => id)).toEqual(['c / say']);
    expect(jobs[0]?.unmasked).toContain('me true tee|');
    expect((await calling('with: { who: me }')).jobs[0]?.unmasked).toContain('me true |');
  });

  it('refuse a call without what is required, and with what is not known', async () => {
    await expect(calling('with: { loud: false }')).rejects.toThrow('input who is required');
    await expect(calling('with: { who: a, what: b }')).rejects.toThrow('what is not an input');
    await expect(calling("with: { who: a }, secrets: { Q: '1' }")).rejects.toThrow('Q is not a secret');
  });

  it('have typed inputs with defaults, by hand too', async () => {
    const head =
      'on: { workflow_dispatch: { inputs: { n: { type: boolean }, s: { default: x }, c: { type: choice, options: [p, q], default: q } } } }';
    const { jobs } = await run(
      "  a: { runs-on: x, steps: [{ if: '!inputs.n', run: 'echo ${{ inputs.s }}${{ inputs.c }}' }] }",
      { inputs: { s: 'y' } },
      head,
    );
    expect(said(jobs[0] as JobRun)).toEqual(['yq']);
  });

  it.each([
    ['services', '  a: { runs-on: x, services: { db: { image: i } }, steps: [{ run: echo }] }', 'job a has services'],
    ['containers', '  a: { runs-on: x, container: i, steps: [{ run: echo }] }', 'job a has container'],
    ['other shells', '  a: { runs-on: x, steps: [{ run: echo, shell: pwsh }] }', 'the shell pwsh'],
    ['remote actions without a stand-in', '  a: { runs-on: x, steps: [{ uses: actions/checkout@v1 }] }', 'nothing stands in for it'],
    ['hashFiles', "  a: { runs-on: x, steps: [{ run: echo, if: hashFiles('x') == '' }] }", 'hashFiles()'],
    ['exclude', '  a: { runs-on: x, strategy: { matrix: { n: [1], exclude: [{ n: 1 }] } }, steps: [{ run: echo }] }', 'exclude in a matrix'],
    ['job-level continue-on-error', '  a: { runs-on: x, continue-on-error: true, steps: [{ run: echo }] }', 'job a has continue-on-error'],
  ])('that use %s are refused rather than run in part', async (_, jobs, message) => {
    await expect(run(jobs)).rejects.toThrow(message);
  });

  it('that GitHub would not read are not run', async () => {
    await expect(run('  a: { runs-on: x, steps: [{ run: "${{ nope.x }}" }] }')).rejects.toThrow(/is no workflow: .*nope/);
    await expect(run('  a: { runs-on: x, steps: [{ run: echo }] }', { event: 'schedule' })).rejects.toThrow('is not triggered by schedule');
  });
});
