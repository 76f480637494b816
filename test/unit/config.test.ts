import { describe, expect, it } from 'vitest';
import { configFor, loadConfig } from '../../src/options/config.ts';
import { readOptions } from '../../src/options/read.ts';
import { thrownBy } from '../harness/thrown.ts';

const WHOLE = `
storage: s3://backups/all
s3-endpoint: https://s3.example.com
databases:
  shop:
    database-url-env: SHOP_DATABASE_URL
    storage: s3://bucket/prefix
    backup: { jobs: 2, checksums: true, exclude-table-data: [audit.*], lock-timeout: 30s }
    drill:
      rto: 2h
      rpo: 26h
      allow-missing-extension: [postgis]
      assertions: { recent orders: "SELECT max(at) > $1 FROM orders", "no orphans": SELECT true }
    restore: {}
  blog:
    database-url-env: BLOG_DATABASE_URL
    restore:
`;
const ONE = 'databases: { shop: { database-url-env: SHOP_DATABASE_URL, storage: s3://bucket/prefix } }';
const URL = 'postgres://shop:hunter2@db.example.com/shop';

function optionsFor(text: string, verb: Parameters<typeof readOptions>[0], given: Record<string, unknown>, environment = {}) {
  return readOptions(verb, { given, config: configFor(loadConfig('lifeboat.yml', text), verb, given), environment });
}

describe('configFor', () => {
  it('gives a backup its options, and the URL from the variable that is named', () => {
    expect(optionsFor(WHOLE, 'backup', { database: 'shop' }, { SHOP_DATABASE_URL: URL, DATABASE_URL: 'postgres://other' })).toMatchObject({
      databaseUrl: URL,
      database: 'shop',
      storage: 's3://bucket/prefix',
      s3Endpoint: 'https://s3.example.com',
      jobs: 2,
      checksums: true,
      excludeTableData: ['audit.*'],
      lockTimeout: 30,
    });
  });

  it('gives a preflight what backup, drill and retention are told, and its own before that', () => {
    const text = `
storage: s3://backups/all
retention: { daily: 7, monthly: 3 }
databases:
  shop:
    backup: { jobs: 2, exclude-schema: [audit], lock-timeout: 30s, lock-days: 14 }
    drill: { jobs: 4, allow-missing-extension: [postgis], profile: rds, assertions: { fine: SELECT true } }
    retention: { monthly: 12 }
    preflight: { time-limit: 2h, lock-timeout: 5s }`;
    expect(optionsFor(text, 'preflight', {}, { DATABASE_URL: URL })).toMatchObject({
      jobs: 2,
      excludeSchema: ['audit'],
      lockTimeout: 5,
      lockDays: 14,
      allowMissingExtension: ['postgis'],
      profile: 'rds',
      daily: 7,
      monthly: 12,
      timeLimit: 7200,
    });
  });

  it('gives a drill its targets, and assertions as they are written on the command line', () => {
    expect(optionsFor(WHOLE, 'drill', { database: 'shop' })).toMatchObject({
      rto: 7200,
      rpo: 93_600,
      allowMissingExtension: ['postgis'],
      assert: ['recent orders: SELECT max(at) > $1 FROM orders', 'no orphans: SELECT true'],
    });
  });

  it('lends the defaults at the top to a database that says nothing', () => {
    expect(optionsFor(WHOLE, 'show', { database: 'blog' })).toMatchObject({ storage: 's3://backups/all', database: 'blog' });
  });

  it('lets what is given by hand go first', () => {
    const given = { database: 'shop', storage: 'file:///here', jobs: '1', checksums: false, databaseUrl: 'postgres://by-hand/shop' };
    expect(optionsFor(WHOLE, 'backup', given)).toMatchObject({ storage: 'file:///here', jobs: 1, checksums: false, databaseUrl: given.databaseUrl });
  });

  it.each(['drill', 'show', 'list', 'restore'] as const)('needs no --database for %s when there is only one', (verb) => {
    expect(optionsFor(ONE, verb, verb === 'restore' ? { targetUrl: URL } : {})).toMatchObject({ database: 'shop', storage: 's3://bucket/prefix' });
  });

  it('lends no name to a URL that is given by hand', () => {
    const options = optionsFor(ONE, 'backup', { databaseUrl: 'postgres://elsewhere/blog', storage: 'file:///x' });
    expect(options).not.toHaveProperty('database');
  });

  it('encrypts old backups for those whom new ones are for', () => {
    const config = 'databases: { shop: { storage: s3://b, backup: { encrypt-to: [age1a, age1b], lock-days: 3, jobs: 2 } } }';
    expect(optionsFor(config, 'rotate-recipients', {})).toMatchObject({ database: 'shop', encryptTo: ['age1a', 'age1b'], lockDays: 3, apply: false });
    expect(optionsFor(config, 'rotate-recipients', { encryptTo: ['age1c'] })).toMatchObject({ encryptTo: ['age1c'] });
  });

  it('lists every database when there are several', () => {
    expect(optionsFor(WHOLE, 'list', {})).toEqual({
      allCopies: false,
      copy: [],
      storage: 's3://backups/all',
      s3Endpoint: 'https://s3.example.com',
      publicKey: [],
    });
  });

  it.each(['backup', 'drill', 'show', 'restore'] as const)('asks which database %s is meant for', (verb) => {
    expect(thrownBy(() => optionsFor(WHOLE, verb, {}, { DATABASE_URL: URL }))).toMatchObject({
      code: 'bad-option',
      message: '--database is missing: lifeboat.yml has shop, blog.',
    });
  });

  it('does not back up another database under a name with a typo', () => {
    expect(thrownBy(() => optionsFor(WHOLE, 'backup', { database: 'shpo' }, { DATABASE_URL: URL }))).toMatchObject({
      code: 'bad-option',
      message: '--database "shpo" is not in lifeboat.yml: did you mean shop?',
    });
  });

  it('shows a database that only the store knows', () => {
    expect(optionsFor(WHOLE, 'show', { database: 'archive' })).toMatchObject({ database: 'archive', storage: 's3://backups/all' });
  });

  it('says which variable is not set', () => {
    expect(thrownBy(() => optionsFor(WHOLE, 'backup', { database: 'shop' }, { SHOP_DATABASE_URL: '' })).message).toBe(
      '--database-url is missing: lifeboat.yml says it is in SHOP_DATABASE_URL, which is not set.',
    );
  });

  it('takes mappings that are shared by reference', () => {
    const shared = `databases:
  shop: { backup: &all { jobs: 3 } }
  blog: { backup: { <<: *all, checksums: false } }`;
    expect(configFor(loadConfig('f', shared), 'backup', { database: 'blog' })).toEqual({ jobs: 3, checksums: false, database: 'blog' });
  });

  it.each(['', '# nothing yet', 'databases:', '{}'])('has nothing to say when the file is %j', (text) => {
    expect(configFor(loadConfig('lifeboat.yml', text), 'list', {})).toEqual({});
  });
});

describe('copies', () => {
  const text =
    'storage: s3://a\ncopies: [{ storage: "s3://b", s3-region: auto }]\ndatabases: { shop: , blog: { copies: [{ storage: "file:///c" }] }, notes: { copies: [] } }';

  it('are of every verb that reads or writes them; what a database says goes before what is at the top', () => {
    const shared = { storage: 's3://b', s3Region: 'auto' };
    expect(optionsFor(text, 'copy', { database: ['shop'] })).toMatchObject({ to: [shared] });
    expect(optionsFor(text, 'copy', { database: ['blog'] })).toMatchObject({ to: [{ storage: 'file:///c' }] });
    expect(optionsFor(text, 'copy', { database: ['notes'] })).toMatchObject({ to: [] });
    expect(optionsFor(text, 'backup', { database: 'shop', databaseUrl: URL })).toMatchObject({ copy: [shared] });
    expect(optionsFor(text, 'copy', { database: ['shop'], to: ['file:///d'] })).toMatchObject({ to: [{ storage: 'file:///d' }] });
  });

  it('that differ keep several databases from being copied in the same words', () => {
    expect(thrownBy(() => optionsFor(text, 'copy', {})).message).toMatch(/must name one at a time: .* settings of their own for blog, notes/);
  });
});

describe('loadConfig refuses', () => {
  it.each<[string, string, string]>([
    ['a key at the top', 'databses: {}', 'lifeboat.yml:1:1: "databses" is not a key at the top: did you mean databases?'],
    [
      'a key of a database',
      'databases:\n  shop:\n    backups: {}',
      'lifeboat.yml:3:5: "backups" is not a key in databases.shop: did you mean backup?',
    ],
    [
      'a key of a section',
      'databases:\n  shop:\n    backup:\n      jobs: 2\n      lock-timout: 3s',
      'lifeboat.yml:5:7: "lock-timout" is not a key in databases.shop.backup: did you mean lock-timeout?',
    ],
    ['a key like none', 'databases: { shop: { restore: { zzzzzzz: 1 } } }', 'is not a key in databases.shop.restore: there are '],
    [
      'a value',
      'databases:\n  shop:\n    backup: { lock-timeout: 30 }',
      'lifeboat.yml:3:15: databases.shop.backup.lock-timeout "30" is not a duration',
    ],
    ['a number', 'databases:\n  shop:\n    backup: { jobs: 99 }', 'databases.shop.backup.jobs "99" is not between 1 and 16'],
    ['a switch of text', 'databases: { shop: { backup: { checksums: yes } } }', 'databases.shop.backup.checksums is neither true nor false'],
    ['a mapping for text', 'storage: { a: b }', 'lifeboat.yml:1:1: storage is neither text nor a number'],
    ['a list for a mapping', 'databases: [shop]', 'lifeboat.yml:1:1: databases is not a mapping from names to databases'],
    ['text for the whole', 'hello', 'the file is not a mapping'],
    ['a variable that is none', 'databases: { shop: { database-url-env: my url } }', 'is not the name of an environment variable'],
    ['an assertion without a query', 'databases: { shop: { drill: { assertions: { a: } } } }', 'databases.shop.drill.assertions.a is not a query'],
    ['an assertion with a colon in its name', 'databases: { shop: { drill: { assertions: { "a: b": "SELECT true" } } } }', 'leave out the colon'],
    ['what a person must say', 'databases: { shop: { restore: { confirm: shop } } }', 'confirm is for a person to say, on every run: --confirm'],
    [
      'a secret',
      'databases: { shop: { database-url: x } }',
      'database-url is a secret and has no place here: name the environment variable that holds it, database-url-env',
    ],
    ['the scratch server by its URL', 'databases: { shop: { drill: { into: x } } }', 'into-env'],
    [
      'a key of a copy',
      'copies:\n  - storage: s3://b\n    s3-regoin: auto',
      'lifeboat.yml:3:5: "s3-regoin" is not a key in copies.0: did you mean s3-region?',
    ],
    ['a copy without a store', 'copies: [{ s3-region: auto }]', 'copies.0.storage is not text'],
    ['a copy that is only a URL', 'copies: ["s3://b"]', 'copies.0 is not a mapping: write storage: s3://bucket/prefix'],
    ['copies that are no list', 'copies: { storage: "s3://b" }', 'copies is not a list of stores'],
    ['half a key of a copy', 'copies: [{ storage: "s3://b", access-key-id-env: ID }]', 'copies.0 names one variable of a key that has two'],
    ['a tab', 'databases:\n\tshop: {}', 'lifeboat.yml:2:1: is not YAML'],
    ['a bracket that is never closed', 'storage: s3://x\ndatabases: { shop: {', 'lifeboat.yml:2:'],
    ['a key twice', 'storage: s3://a\nstorage: s3://b', 'lifeboat.yml:2:1: is not YAML: Map keys must be unique'],
    ['two documents', 'storage: s3://a\n---\nstorage: s3://b', 'is not YAML'],
    ['an unknown tag', 'storage: !secret x', 'is not YAML: Unresolved tag'],
  ])('%s', (_, text, message) => {
    const error = thrownBy(() => loadConfig('lifeboat.yml', text));
    expect(error.code).toBe('bad-config');
    expect(error.message).toContain(message);
  });

  it('everything that is wrong, at once', () => {
    const error = thrownBy(() => loadConfig('lifeboat.yml', 'a: 1\nb: 2\ndatabases: { shop: { c: 3 } }'));
    expect(error.details['problems']).toEqual(expect.arrayContaining([1, 2, 3].map((line) => expect.objectContaining({ line }))));
    expect(error.message.match(/lifeboat\.yml:\d/g)).toHaveLength(3);
  });

  it.each([
    ['in the right place', `databases:\n  shop:\n    database-url-env: ${URL}`],
    ['in a place of its own', `databases:\n  shop:\n    database-url: ${URL}`],
    ['as a key', `databases:\n  "${URL}": {}`],
    ['in the storage', 'storage: s3://AKIA:hunter2@bucket'],
    ['with keywords', 'storage: host=db password=hunter2'],
    ['in a list', `databases: { shop: { backup: { schema: ["${URL}"] } } }`],
    ['before a mistake', `databases:\n  shop:\n    database-url: ${URL}: x\n   y`],
    ['as a tag', 'databases: { shop: { database-url: !hunter2 } }'],
    ['as an alias', 'databases: { shop: { database-url: *hunter2 } }'],
    ['as an anchor', 'databases: { shop: { database-url: &hunter2 } }'],
    ['in a broken quote', `databases: { shop: { database-url: "${URL} } }`],
  ])('a password %s, and does not repeat it', (_, text) => {
    const error = thrownBy(() => loadConfig('lifeboat.yml', text));
    expect(error.code).toBe('bad-config');
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain('hunter2');
  });

  it('aliases that would fill the memory', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]', ...[...'bcdefghij'].map((c, i) => `${c}: &${c} [${`*${'abcdefghi'[i]},`.repeat(9)}]`)].join('\n');
    expect(thrownBy(() => loadConfig('lifeboat.yml', bomb)).code).toBe('bad-config');
  });
});
