import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { camelCase, describeOptions, kebabCase } from '../../src/options/describe.ts';
import { nearest } from '../../src/options/nearest.ts';
import { readOptions } from '../../src/options/read.ts';
import { VERB_NAMES, VERBS } from '../../src/options/verbs.ts';
import { thrownBy } from '../harness/thrown.ts';

const URL = 'postgres://shop:hunter2@db.example.com/shop';
const GIVEN = { databaseUrl: URL, storage: 'file:///backups' };
const environment = {};

describe('what the schemas say', () => {
  const all = VERB_NAMES.flatMap((verb) => describeOptions(VERBS[verb].schema).map((option) => ({ verb, ...option })));

  it.each(all)('$verb --$flag has a description and a placeholder of its own', ({ kind, meta }) => {
    expect(meta.description).toMatch(/\.$/);
    expect(meta.placeholder === undefined).toBe(kind === 'switch');
  });

  it('keeps apart what options of one schema are told', () => {
    const of = (flag: string) => all.find((option) => option.verb === 'backup' && option.flag === flag);
    expect(of('database-url')).toMatchObject({ required: true, meta: { secret: true, environment: 'DATABASE_URL', placeholder: 'URL' } });
    expect(of('storage')).toMatchObject({ required: true, meta: { environment: 'LIFEBOAT_STORAGE', placeholder: 'STORE' } });
    expect(of('storage')?.meta.secret).toBeUndefined();
    expect(of('database')).toMatchObject({ required: false, meta: { placeholder: 'NAME' } });
  });

  it.each([
    ['backup', 'lock-timeout', '60s'],
    ['drill', 'rto', '1h'],
    ['drill', 'rpo', '24h'],
    ['drill', 'backup', 'latest'],
    ['drill', 'keep', undefined],
    ['backup', 'exclude-table', undefined],
    ['backup', 'jobs', undefined],
  ])('%s --%s is %s unless given', (verb, flag, expected) => {
    expect(all.find((option) => option.verb === verb && option.flag === flag)?.default).toBe(expected);
  });

  it('converts names there and back', () => {
    expect(kebabCase('s3PathStyle')).toBe('s3-path-style');
    for (const { name, flag } of all) expect(camelCase(flag)).toBe(name);
    fc.assert(fc.property(fc.stringMatching(/^[a-z]+([A-Z][a-z]+)*$/), (name) => camelCase(kebabCase(name)) === name));
  });
});

describe('readOptions', () => {
  it('answers with validated options, frozen throughout', () => {
    const options = readOptions('backup', { given: { ...GIVEN, jobs: '3', checksums: false, excludeTable: ['a', 'b'] }, environment });
    expect(options).toEqual({
      ...GIVEN,
      jobs: 3,
      checksums: false,
      excludeTable: ['a', 'b'],
      schema: [],
      excludeSchema: [],
      excludeTableData: [],
      encryptTo: [],
      encryptManifest: false,
      copy: [],
      copyWithin: 7 * 86_400,
      lockTimeout: 60,
      lockMode: 'governance',
      publicKey: [],
    });
    expect(Object.isFrozen(options)).toBe(true);
    expect(Object.isFrozen(options.excludeTable)).toBe(true);
    expect(() => options.schema.push('x')).toThrow();
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown> | undefined, Record<string, string>, string]>([
    ['by hand before all else', { storage: 'file:///hand' }, { storage: 'file:///config' }, { LIFEBOAT_STORAGE: 'file:///env' }, 'file:///hand'],
    ['the file before the environment', {}, { storage: 'file:///config' }, { LIFEBOAT_STORAGE: 'file:///env' }, 'file:///config'],
    ['the environment at last', {}, {}, { LIFEBOAT_STORAGE: 'file:///env' }, 'file:///env'],
    ['empty text is not given', { storage: '' }, { storage: '' }, { LIFEBOAT_STORAGE: 'file:///env' }, 'file:///env'],
    ['no file', {}, undefined, { LIFEBOAT_STORAGE: 'file:///env' }, 'file:///env'],
    [
      'the variable that the file names',
      {},
      { storage: { variable: 'S', file: 'f' } },
      { S: 'file:///s', LIFEBOAT_STORAGE: 'file:///env' },
      'file:///s',
    ],
  ])('%s', (_, given, config, env, expected) => {
    expect(readOptions('list', { given, ...(config === undefined ? {} : { config }), environment: env }).storage).toBe(expected);
  });

  it.each([
    ['60s', 60],
    ['1.5h', 5400],
    ['8d', 691_200],
    ['2w', 1_209_600],
  ])('reads %s as seconds', (rpo, seconds) => {
    expect(readOptions('drill', { given: { storage: 'x', database: 'shop', rpo }, environment }).rpo).toBe(seconds);
  });

  it.each([
    ['true', true],
    ['TRUE', true],
    ['False', false],
    [true, true],
  ])('reads the switch %s', (keep, expected) => {
    expect(readOptions('drill', { given: { storage: 'x', database: 'shop', keep }, environment }).keep).toBe(expected);
  });

  it('takes a list as lines of text, as an action input has them', () => {
    expect(readOptions('backup', { given: { ...GIVEN, schema: 'a\n  b \n\n' }, environment }).schema).toEqual(['a', 'b']);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ jobs: 'many' }, '--jobs "many" is not a whole number.'],
    [{ jobs: '0' }, '--jobs "0" is not between 1 and 16.'],
    [{ lockTimeout: '30 potatoes' }, '--lock-timeout "30 potatoes" is not a duration: write a number and s, m, h, d or w, like 90s, 15m, 1h or 8d.'],
    [{ checksums: 'perhaps' }, '--checksums "perhaps" is neither true nor false.'],
    [{ excludeTable: ['a', ''] }, '--exclude-table is empty.'],
    [{ exludeTable: ['a'] }, '--exlude-table is not an option: did you mean --exclude-table?'],
    [{ databaseUrl: '' }, '--database-url is missing: give it, or set DATABASE_URL.'],
    [{ storage: undefined }, '--storage is missing: give it, or set LIFEBOAT_STORAGE.'],
    [{ jobs: 'x'.repeat(1000) }, `--jobs "${'x'.repeat(60)}…" is not a whole number.`],
  ])('refuses %j', (wrong, message) => {
    const error = thrownBy(() => readOptions('backup', { given: { ...GIVEN, ...wrong }, environment }));
    expect(error).toMatchObject({ code: 'bad-option', message, remedy: 'lifeboat backup --help shows what each option takes.' });
  });

  it('names everything that is wrong at once', () => {
    const error = thrownBy(() => readOptions('backup', { given: { jobs: '-1', lockTimeout: 'soon' }, environment }));
    expect(error.message).toMatch(/^4 things are wrong: .*--database-url is missing.*--storage is missing.*--jobs "-1".*--lock-timeout "soon"/);
    expect(error.details['problems']).toHaveLength(4);
  });

  it('never takes another variable for the one that the file names', () => {
    const config = { databaseUrl: { variable: 'SHOP_DATABASE_URL', file: 'lifeboat.yml' } };
    const error = thrownBy(() => readOptions('backup', { given: { storage: 'x' }, config, environment: { DATABASE_URL: URL } }));
    expect(error.message).toBe('--database-url is missing: lifeboat.yml says it is in SHOP_DATABASE_URL, which is not set.');
  });

  it('says where a wrong value came from, and spells options as it is told', () => {
    const error = thrownBy(() => readOptions('backup', { given: GIVEN, config: { jobs: 'x' }, environment, spell: (flag) => `input ${flag}` }));
    expect(error.message).toBe('input jobs (from the configuration file) "x" is not a whole number.');
  });

  it('repeats no secret', () => {
    const error = thrownBy(() => readOptions('backup', { given: { ...GIVEN, databaseUrl: [URL] }, environment }));
    expect(error.message).toContain('--database-url');
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain('hunter2');
  });
});

describe('nearest', () => {
  it.each([
    ['storge', 'storage'],
    ['--databse', null],
    ['zzz', null],
    ['', null],
  ])('of %j is %j', (word, expected) => {
    expect(nearest(word, ['storage', 'jobs', 'checksums'])).toBe(expected);
  });

  it('of nothing is nothing', () => {
    expect(nearest('storage', [])).toBeNull();
  });
});
