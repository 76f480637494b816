import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LifeboatError } from '../../src/errors.ts';
import { runAction, type Work } from '../../src/github/run.ts';
import type { Outcome } from '../../src/github/shell.ts';
import { readRunnerLog } from '../harness/runner-log.ts';

const SECRET = 'hunter2+secret';
const INPUTS = {
  'INPUT_DATABASE-URL': `postgres://shop:${encodeURIComponent(SECRET)}@db/shop`,
  INPUT_STORAGE: 'file:///store',
  INPUT_ISSUE: 'false',
};
const DONE: Outcome<'backup'> = {
  ok: true,
  database: 'shop',
  headline: 'Backed up.',
  markdown: '## Backed up',
  outputs: { 'backup-id': 'x', manifest: 'm', bytes: 1, rows: 2, 'snapshot-at': 't', copies: '[]' },
};

let printed = '';
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += chunk;
    return true;
  });
});
afterEach(() => void vi.restoreAllMocks());

let stray: (error: Error) => void;

async function run(work: Work<'backup'>) {
  const fake = Object.assign(new EventEmitter(), {
    env: { ...INPUTS },
    stdout: process.stdout,
    exit: () => {},
    exitCode: undefined as number | undefined,
  });
  stray = (error) => void fake.emit('uncaughtException', error);
  await runAction('backup', work, fake as unknown as NodeJS.Process);
  const log = readRunnerLog(printed);
  const unmasked = printed.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  for (const form of [SECRET, encodeURIComponent(SECRET)]) expect(unmasked.join('\n')).not.toContain(form);
  return {
    status: fake.exitCode,
    ...log,
    errors: log.commands.filter(({ name }) => name === 'error'),
    strayListeners: fake.listenerCount('uncaughtException'),
  };
}

describe('runAction', () => {
  it('hands over frozen options and settings', async () => {
    const { status } = await run(async (options, _, settings) => {
      expect(Object.isFrozen(options) && Object.isFrozen(settings)).toBe(true);
      expect(options).toMatchObject({ storage: 'file:///store', lockTimeout: 60, schema: [] });
      expect(settings).toEqual({ issue: false });
      return DONE;
    });
    expect(status).toBe(0);
  });

  it('ends with 1 when the result is not ok, and annotates why', async () => {
    const problem = { level: 'error', code: 'not-proven', title: 'not-proven', message: 'no', remedy: '' } as const;
    const { status, errors } = await run(async () => ({ ...DONE, ok: false, problems: [problem] }));
    expect(status).toBe(1);
    expect(errors).toMatchObject([{ properties: { title: 'not-proven' } }]);
  });

  it('tells a failure with its remedy in words of inputs, and everything that it counts', async () => {
    const error = new LifeboatError('restore-failed', `One: ${SECRET}`, 'Use fewer --jobs, not --job.', {
      details: { failed: ['one', `two ${SECRET}`] },
    });
    const { status, errors, text } = await run(() => Promise.reject(error));
    expect(status).toBe(1);
    expect(errors.map(({ data }) => data.split('\n').slice(0, 2))).toEqual([
      ['One: ***', 'Use fewer `jobs`, not --job.'],
      ['two ***', 'runbooks/database-lost.md#something-did-not-come-back'],
    ]);
    expect(text).toContain('two ***');
  });

  it('ends with 3 for a bug, with the stack as text', async () => {
    const { status, errors, text } = await run(() => Promise.reject(new TypeError(`oops ${SECRET}`)));
    expect(status).toBe(3);
    expect(errors).toMatchObject([{ properties: { title: 'bug' }, data: expect.stringContaining('went wrong: oops ***') }]);
    expect(text.join('\n')).toMatch(/TypeError: oops \*\*\*\n +at /);
  });

  it('ends with 3 for what is thrown where nobody waits, after the work has cleaned up', async () => {
    let cleaned = false;
    const { status, errors, strayListeners } = await run(
      (_, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            cleaned = true;
            reject(signal.reason);
          });
          queueMicrotask(() => stray(new Error('stray')));
        }),
    );
    expect({ status, cleaned, strayListeners }).toEqual({ status: 3, cleaned: true, strayListeners: 0 });
    expect(errors).toMatchObject([{ properties: { title: 'bug' }, data: expect.stringContaining('stray') }]);
  });
});
