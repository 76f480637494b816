import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionTarget } from './url.ts';

/**
 * The password that the password file has for `target`, as libpq finds it: the first line whose fields are equal or `*`, and no file
 * that others may read. https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export async function passwordFromFile(target: ConnectionTarget): Promise<string | undefined> {
  const file = target.parameters['passfile'] ?? join(homedir(), '.pgpass');
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) return undefined;
    return passwordIn(await readFile(file, 'utf8'), target);
  } catch {
    return undefined;
  }
}

export function passwordIn(text: string, target: ConnectionTarget): string | undefined {
  const host = target.host.startsWith('/') && ['/tmp', '/var/run/postgresql'].includes(target.host) ? ['localhost', target.host] : [target.host];
  const wanted = [host, [String(target.port)], [target.database], [target.user]];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#') || line === '') continue;
    const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map((field) => (field[1] ?? '').replace(/\\(.)/g, '$1'));
    if (wanted.every((values, index) => fields[index] === '*' || values.includes(fields[index] ?? ''))) return fields[4] || undefined;
  }
  return undefined;
}
