import { readFile } from 'node:fs/promises';
import { LifeboatError } from '../errors.ts';

/** Whom parts are encrypted for, as a verb's options say it. */
export interface RecipientOptions {
  readonly encryptTo: readonly string[];
  readonly encryptToFile?: string | undefined;
}

/**
 * Every recipient that was asked for, checked, each once; none when nothing is to be encrypted.
 * @throws LifeboatError `bad-option` that names what is no recipient, but never repeats a secret key
 */
export async function readRecipients({ encryptTo, encryptToFile }: RecipientOptions): Promise<string[]> {
  const given = encryptTo.map((text) => ({ text, where: '--encrypt-to' }));
  const listed = encryptToFile === undefined ? [] : await readRecipientsFile(encryptToFile);
  const recipients = new Set<string>();
  for (const { text, where } of [...given, ...listed]) recipients.add(await checkRecipient(text, where));
  return [...recipients];
}

/** A file as `age -R` takes it: a recipient a line, empty lines and lines that begin with # apart. */
async function readRecipientsFile(path: string): Promise<{ text: string; where: string }[]> {
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new LifeboatError(
      'bad-option',
      `--encrypt-to-file ${path} cannot be read (${error.code}).`,
      'Check the path; it is relative to the folder that this runs in.',
    );
  });
  const lines = content.split('\n').map((line, i) => ({ text: line.trim(), where: `${path} line ${i + 1}` }));
  const recipients = lines.filter(({ text }) => text !== '' && !text.startsWith('#'));
  // a file that was emptied by mistake must not turn encryption off
  if (recipients.length === 0)
    throw new LifeboatError('bad-option', `${path} holds no recipient.`, 'Write a recipient a line, age1…, or leave out --encrypt-to-file.');
  return recipients;
}

async function checkRecipient(text: string, where: string): Promise<string> {
  if (/^AGE-SECRET-KEY-/i.test(text)) {
    throw new LifeboatError(
      'bad-option',
      `${where} holds a secret key, and a recipient belongs there.`,
      'Take the public key that goes with it, age1…: it stands in the comment above the secret one. Treat that key as leaked if others can read this.',
    );
  }
  const { Encrypter } = await import('../stream/age-package.ts');
  try {
    new Encrypter().addRecipient(text);
    return text;
  } catch {
    throw new LifeboatError(
      'bad-option',
      `${where} is not an age recipient: ${JSON.stringify(text.slice(0, 80))}.`,
      'Write the public key, age1…, as lifeboat keygen and age-keygen print it. Keys of SSH are not taken.',
    );
  }
}
