import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/errors.ts';
import { MANIFEST_FORMAT, parseManifest } from '../../src/format/manifest.ts';
import { describeOptions } from '../../src/options/describe.ts';
import { VERB_NAMES, VERBS } from '../../src/options/verbs.ts';
import { CHECKSUM_ALGORITHM } from '../../src/postgres/checksum.ts';
import { thrownBy } from '../harness/thrown.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...['docs', 'runbooks'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

describe('docs/errors.md', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| \[`([^`]+)`\]\([^)]+\) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)];

  it('has every code once, and no other', () => {
    expect(rows.map(([, code]) => code).toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  });

  it.each(rows.map(([, code, exit]) => [code as keyof typeof ERROR_CODES, exit?.trim()]))('says of %s that it exits with %s', (code, exit) => {
    expect(exit).toBe(code === 'cancelled' ? '129, 130, 143' : ERROR_CODES[code] === 'usage' ? '2' : '1');
  });
});

describe('docs/format.md', () => {
  const page = read('docs/format.md');

  it('names every field of a manifest', () => {
    const { message } = thrownBy(() => parseManifest(JSON.stringify({ format: MANIFEST_FORMAT }), 'm')) as Error;
    const fields = [...message.matchAll(/→ at ([A-Za-z]+)/g)].map(([, field]) => field);
    expect(fields.length).toBeGreaterThan(15);
    expect(fields.filter((field) => !page.includes(`\`${field}\``))).toEqual([]);
  });

  it('names the checksum of today', () => {
    expect(read('docs/checksum.md')).toContain(CHECKSUM_ALGORITHM);
  });
});

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  it('links to what is there', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link as string);
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
  });

  it('names scripts that npm has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map(([, name]) => name as string);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('names options that there are', () => {
    const others = ['--confirm', '--config', '--json', '--verbose', '--help', '--version'];
    const known = [...VERB_NAMES.flatMap((verb) => describeOptions(VERBS[verb].schema).map(({ flag }) => `--${flag}`)), ...others];
    const command = new RegExp(String.raw`(?:lifeboat --|lifeboat) (?:${VERB_NAMES.join('|')}) ((?:[^\n\x60\\]|\\\n)*)`, 'g');
    const commands = [...text.matchAll(command)].map(([, rest]) => rest as string);
    const options = commands.flatMap((rest) => [...rest.matchAll(/(?<=^|\s)--[a-z][a-z0-9-]*/g)].map(([flag]) => flag));
    expect(options.filter((flag) => !known.includes(flag) && !known.includes(flag.replace('--no-', '--')))).toEqual([]);
  });
});
