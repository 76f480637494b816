import { readFile } from 'node:fs/promises';
import { LifeboatError } from '../errors.ts';

/** What opens encrypted parts, as a verb's options say it. */
export interface IdentityOptions {
  readonly identityFile?: string | undefined;
  /** The text of an identity file. Secret. */
  readonly identity?: string | undefined;
}

/**
 * Every age identity that was given; none when none was.
 * @throws LifeboatError `bad-option` for a file that cannot be read, and for what is no identity; never repeats it
 */
export async function readIdentities({ identityFile, identity }: IdentityOptions): Promise<string[]> {
  const texts = [];
  if (identity !== undefined) texts.push({ text: identity, where: 'LIFEBOAT_AGE_IDENTITY' });
  if (identityFile !== undefined) texts.push({ text: await readIdentityFile(identityFile), where: identityFile });
  const identities = new Set<string>();
  for (const { text, where } of texts) for (const one of await parseIdentities(text, where)) identities.add(one);
  return [...identities];
}

/** The recipients, `age1…`, that go with identities. */
export async function recipientsOf(identities: readonly string[]): Promise<string[]> {
  if (identities.length === 0) return [];
  const { identityToRecipient } = await import('../stream/age-package.ts');
  return Promise.all(identities.map((identity) => identityToRecipient(identity)));
}

async function readIdentityFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new LifeboatError(
      'bad-option',
      `--identity-file ${path} cannot be read (${error.code}).`,
      'Check the path; it is relative to the folder that this runs in.',
    );
  });
}

/** As `age -i` takes it: an identity a line, empty lines and lines that begin with # apart. */
async function parseIdentities(text: string, where: string): Promise<string[]> {
  if (/^(?:age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE-----)/.test(text.trimStart())) {
    throw new LifeboatError('bad-option', `${where} is encrypted itself.`, 'Decrypt it first: age -d -o key.txt THE-FILE.');
  }
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const identities = lines.filter(({ line }) => line !== '' && !line.startsWith('#'));
  for (const { line, number } of identities) {
    const [recipient] = await recipientsOf([line]).catch(() => []);
    if (recipient !== undefined) continue;
    throw new LifeboatError(
      'bad-option',
      `${where} has something in line ${number} that is not an age identity.`,
      'Give the file that lifeboat keygen or age-keygen wrote: lines AGE-SECRET-KEY-1… and comments. Keys of SSH, plugins and passphrases are not taken.',
    );
  }
  if (identities.length > 0) return identities.map(({ line }) => line);
  throw new LifeboatError(
    'bad-option',
    `${where} holds no identity.`,
    'Give the file that lifeboat keygen or age-keygen wrote: a line AGE-SECRET-KEY-1… is in it.',
  );
}
