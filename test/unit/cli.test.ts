import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/program.ts';
import { LifeboatError } from '../../src/errors.ts';
import { describeOptions } from '../../src/options/describe.ts';
import { VERB_NAMES, VERBS } from '../../src/options/verbs.ts';
import { collectSecrets } from '../../src/shell/secrets.ts';
import { abortOnSignals } from '../../src/shell/signals.ts';
import { thrownBy } from '../harness/thrown.ts';

describe('parseArguments', () => {
  it.each<[readonly string[], Record<string, unknown>]>([
    [['--storage', 's', '--jobs=3'], { storage: 's', jobs: '3' }],
    [['--exclude-table', 'a', '--exclude-table=b'], { excludeTable: ['a', 'b'] }],
    [['--checksums'], { checksums: true }],
    [['--no-checksums'], { checksums: false }],
    [[], {}],
    [['--storage', ''], { storage: '' }],
    [['--storage', '-x'], { storage: '-x' }],
  ])('reads %j as what was given, and adds nothing', (args, given) => {
    expect(parseArguments(['backup', ...args])).toEqual({ kind: 'verb', verb: 'backup', given, json: false, verbose: false, config: undefined });
  });

  it('keeps what is for the shell apart from what is for the verb', () => {
    expect(parseArguments(['restore', '--json', '--no-owner', '--verbose', '--config', 'f.yml'])).toEqual({
      kind: 'verb',
      verb: 'restore',
      given: { noOwner: true },
      json: true,
      verbose: true,
      config: 'f.yml',
    });
  });

  it.each(VERB_NAMES)('has a flag and its description for every option of %s', (verb) => {
    const help = parseArguments([verb, '--help']);
    const text = help.kind === 'text' ? help.text.replaceAll(/\s+/g, ' ') : '';
    for (const { flag, meta } of describeOptions(VERBS[verb].schema)) {
      expect(text).toContain(`--${flag}${meta.placeholder === undefined ? '' : ` <${meta.placeholder}>`} ${meta.description}`);
    }
  });

  it.each<[readonly string[], string]>([
    [['lst'], 'lst is not a verb: did you mean list?'],
    [['xyzzy'], 'xyzzy is not a verb.'],
    [['list', '--storge=x'], '--storge is not an option: did you mean --storage?'],
    [['list', '--checksums'], '--checksums is not an option.'],
    [['list', '--storage', '--json'], '--storage needs a value after it.'],
    [['list', '--storage'], '--storage needs a value after it.'],
    [['list', 'postgres://u:hunter2@h'], 'list takes options only, and something else was given.'],
    [['postgres://u:hunter2@h'], 'What was given is not a verb.'],
    [['list', '--hunter2:x@h'], 'What was given is not an option.'],
  ])('%j is refused', (args, message) => {
    expect(thrownBy(() => parseArguments(args))).toMatchObject({ code: 'bad-option', message });
  });
});

describe('secrets', () => {
  const secrets = collectSecrets(['--database-url=postgres://app:p%40ss%22word@h/shop', 'postgres://app:shop@h/shop'], {
    OTHER_URL: 'postgres://x:fromvariable@h/y',
    AWS_SECRET_ACCESS_KEY: 'AKSECRET',
    HOME: '/root',
  });

  it.each([
    ['as it was written', 'p%40ss%22word'],
    ['decoded', 'p@ss"word'],
    ['within JSON', String.raw`{"x":"p@ss\"word"}`],
    ['of a variable', 'fromvariable'],
    ['of a key', 'AKSECRET'],
  ])('are hidden %s', (_, text) => {
    const hidden = secrets.hide(`before ${text} after`);
    expect(hidden).toMatch(/^before .*\*\*\*.* after$/);
    expect(hidden).not.toMatch(/word|fromvariable|AKSECRET/);
  });

  it('do not take the name of a database away', () => {
    expect(secrets.hide('backed up shop from /root')).toBe('backed up shop from /root');
    expect(secrets.hide('postgres://app:shop@h/shop')).toBe('***');
  });

  it('are hidden in data at any depth, numbers being left alone', () => {
    expect(secrets.hideIn({ fromvariable: [{ a: 'AKSECRET!' }], n: 1, none: null })).toEqual({ '***': [{ a: '***!' }], n: 1, none: null });
    secrets.add('postgres://a:tiny@h/x');
    expect(secrets.hideIn(['tiny table'])).toEqual(['*** table']);
    expect(secrets.hideInResult(['tiny table', 'fromvariable'])).toEqual(['tiny table', '***']);
  });
});

describe('signals', () => {
  function fakeProcess() {
    const exits: number[] = [];
    const process = Object.assign(new EventEmitter(), { exit: (status: number) => exits.push(status) });
    const controller = new AbortController();
    const said: string[] = [];
    abortOnSignals(controller, process as unknown as NodeJS.Process, (message) => said.push(message));
    return { process, exits, controller, said };
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('the first, %s, aborts; the second ends at once with %i', (name, status) => {
    const { process, exits, controller, said } = fakeProcess();
    process.emit(name);
    expect(controller.signal.reason).toBeInstanceOf(LifeboatError);
    expect(controller.signal.reason).toMatchObject({ code: 'cancelled', details: { signal: name } });
    expect(said).toEqual([`${name}: cleaning up; a second signal ends at once.`]);
    expect(exits).toEqual([]);
    process.emit(name);
    expect(exits[0]).toBe(status);
  });

  it('keeps the first as the reason', () => {
    const { process, exits, controller } = fakeProcess();
    process.emit('SIGINT');
    process.emit('SIGTERM');
    expect(exits[0]).toBe(143);
    expect(controller.signal.reason).toMatchObject({ details: { signal: 'SIGINT' } });
  });
});
