import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keygen } from '../../src/keygen/keygen.ts';
import { loadConfig } from '../../src/options/config.ts';
import { keygenOptions } from '../../src/options/keygen.ts';
import { readOptions } from '../../src/options/read.ts';
import { keygenText } from '../../src/report/terminal/keygen.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';
import { collectSecrets } from '../../src/shell/secrets.ts';
import { isSignedByAny, publicKeyFor, signatureOf } from '../../src/signing/signature.ts';
import { newSigningKeys } from '../harness/signing.ts';
import { thrownBy } from '../harness/thrown.ts';

const keys = newSigningKeys();
const others = newSigningKeys();
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const locked = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
}).privateKey;

const base64 = (text: string) => Buffer.from(text).toString('base64');
const GIVEN = { databaseUrl: 'postgres://u@h/d', storage: 'file:///b' };
const signingKeyOf = (value: string) => readOptions('backup', { given: GIVEN, environment: { LIFEBOAT_SIGNING_KEY: value } }).signingKey;
const publicKeysOf = (value: string | string[]) =>
  readOptions('list', { given: { storage: 'file:///b', publicKey: value }, environment: {} }).publicKey;

describe('a signing key', () => {
  it.each([
    ['PEM', keys.privatePem],
    ['PEM with Windows line ends', keys.privatePem.replaceAll('\n', '\r\n')],
    ['PEM with written line ends', keys.privatePem.replaceAll('\n', '\\n')],
    ['the base64 of PEM', base64(keys.privatePem)],
    ['the middle of PEM', keys.privateText],
    ['a file with comments', `# created: today\n# public key: ${keys.publicText}\n${keys.privatePem}`],
  ])('is read from %s', (_, text) => {
    expect(publicKeyFor(signingKeyOf(text) ?? '')).toBe(keys.publicText);
  });

  it.each([
    ['a public key', keys.publicPem, /is a public key/],
    ['a public key in base64', keys.publicText, /is a public key/],
    ['an RSA key', rsa.privateKey, /type rsa: it has to be Ed25519/],
    ['a key with a passphrase', locked, /passphrase/],
    ['two keys', keys.privatePem + others.privatePem, /more than one/],
    ['something else', 'hunter2-hunter2', /is not a key/],
    ['other base64', base64('hunter2-hunter2'), /is not a private key/],
  ])('is not read from %s, which is not repeated', (_, text, message) => {
    const error = thrownBy(() => signingKeyOf(text));
    expect(error).toMatchObject({ code: 'bad-option', message: expect.stringMatching(message) });
    expect(error.message).toContain('LIFEBOAT_SIGNING_KEY');
    for (const line of text.split('\n').filter((one) => one.length > 10)) expect(JSON.stringify(error)).not.toContain(line);
  });

  it('stays out of whatever is printed, whole and line by line', () => {
    for (const text of [keys.privatePem, base64(keys.privatePem), keys.privateText, keys.privatePem.replaceAll('\n', '\\n')]) {
      const secrets = collectSecrets([], { ANY_NAME: text });
      for (const said of [text, `key: ${keys.privateText}!`]) expect(secrets.hide(said)).not.toContain(keys.privateText);
    }
    expect(collectSecrets(['--signing-key', keys.privateText], {}).hide(keys.privateText)).toBe('***');
    expect(collectSecrets([], { LIFEBOAT_PUBLIC_KEY: keys.publicText }).hide(keys.publicText)).toBe(keys.publicText);
  });

  it('may not stand in lifeboat.yml, which names its variable', () => {
    const text = (backup: string) => `databases: { shop: { backup: { ${backup} } } }`;
    expect(loadConfig('lifeboat.yml', text('signing-key-env: MY_KEY')).databases?.['shop']?.backup).toEqual({ 'signing-key-env': 'MY_KEY' });
    expect(thrownBy(() => loadConfig('lifeboat.yml', text(`signing-key: ${keys.privateText}`)))).toMatchObject({ code: 'bad-config' });
  });
});

describe('lifeboat keygen --for signing', () => {
  it('makes a key in a new file that only its owner may read, and that openssl reads', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lifeboat-keygen-'));
    const out = join(folder, 'signing.pem');
    const made = await keygen(keygenOptions.parse({ for: 'signing', out }));
    expect(made).toMatchObject({ for: 'signing', file: out, secret: null });
    const text = await readFile(out, 'utf8');
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect(publicKeyFor(signingKeyOf(text) ?? '')).toBe(made.publicKey);
    const { stdout } = spawnSync('openssl', ['pkey', '-in', out, '-pubout'], { encoding: 'utf8' });
    expect(publicKeysOf(stdout)).toEqual([made.publicKey]);
    expect(keygenText(made, PLAIN)).toMatch(/among the secrets of the job that backs up/);
    await expect(keygen(keygenOptions.parse({ for: 'signing', out }))).rejects.toMatchObject({ code: 'already-exists' });
    expect(await readFile(out, 'utf8')).toBe(text);
    await rm(folder, { recursive: true });
  });
});

describe('public keys', () => {
  it.each([
    ['PEM', [keys.publicPem]],
    ['lines of PEM', keys.publicPem.trim().split('\n')],
    ['the text of a variable', keys.publicPem],
    ['base64', [keys.publicText]],
    ['the base64 of PEM', [base64(keys.publicPem)]],
  ])('are read from %s', (_, given) => {
    expect(publicKeysOf(given)).toEqual([keys.publicText]);
  });

  it('may be several, in different forms, and none', () => {
    expect(publicKeysOf(`${keys.publicPem}${others.publicText}`)).toEqual([keys.publicText, others.publicText]);
    expect(publicKeysOf([others.publicText, keys.publicPem])).toEqual([keys.publicText, others.publicText]);
    expect(publicKeysOf([])).toEqual([]);
  });

  it.each([
    ['a private key', keys.privatePem, /is a private key/],
    ['a private key in base64', keys.privateText, /is a private key/],
    ['a private key beside a public one', `${keys.publicPem}${keys.privatePem}`, /is a private key/],
    ['an RSA key', rsa.publicKey, /type rsa/],
    ['something else', 'not a key!', /is not a key/],
  ])('are not read from %s, which is not repeated', (_, text, message) => {
    const error = thrownBy(() => publicKeysOf(text));
    expect(error).toMatchObject({ code: 'bad-option', message: expect.stringMatching(message) });
    expect(JSON.stringify(error)).not.toContain(keys.privateText.slice(0, 20));
  });

  it('stand in lifeboat.yml once for every verb, or for one database', () => {
    const config = loadConfig('lifeboat.yml', `public-key: ${keys.publicText}\ndatabases: { shop: { public-key: [${others.publicText}] } }`);
    expect(config).toMatchObject({ 'public-key': keys.publicText, databases: { shop: { 'public-key': [others.publicText] } } });
    const bad = thrownBy(() => loadConfig('lifeboat.yml', `public-key: ${keys.privateText}`));
    expect(bad).toMatchObject({ code: 'bad-config', message: expect.stringMatching(/is a private key/) });
    expect(JSON.stringify(bad)).not.toContain(keys.privateText);
  });
});

describe('a signature', () => {
  const bytes = Buffer.from('{"format":1}');
  const signature = signatureOf(bytes, keys.privateText);

  it('is by one of the keys, over these very bytes', () => {
    expect(signature).toHaveLength(64);
    expect(isSignedByAny(bytes, signature, [others.publicText, keys.publicText])).toBe(true);
    expect(isSignedByAny(bytes, signature, [others.publicText])).toBe(false);
    expect(isSignedByAny(bytes, signature, [])).toBe(false);
    expect(isSignedByAny(Buffer.from('{"format":2}'), signature, [keys.publicText])).toBe(false);
    expect(isSignedByAny(bytes, signature.subarray(0, 63), [keys.publicText])).toBe(false);
    for (const at of [0, 31, 63]) {
      const flipped = Buffer.from(signature);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect(isSignedByAny(bytes, flipped, [keys.publicText])).toBe(false);
    }
  });
});
