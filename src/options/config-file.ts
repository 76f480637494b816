import { readFile } from 'node:fs/promises';
import { LifeboatError } from '../errors.ts';
import type { Config } from './config-schema.ts';
import { VERBS, type VerbName } from './verbs.ts';

/** The file that is read when none is named. */
export const CONFIG_NAME = 'lifeboat.yml';

/**
 * What the configuration file says about a verb, for readOptions; `null` when no file was named and there is none in this folder,
 * or when the verb is about the file itself and reads it.
 * @param path the file that the user named
 * @param given what was asked for by hand: it decides which database is meant
 * @throws LifeboatError `bad-config`, or `bad-option` when the file leaves open which database that is
 */
export async function readConfigFile(
  path: string | undefined,
  verb: VerbName,
  given: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown> | null> {
  if ('config' in VERBS[verb].schema.shape) return null;
  const config = await loadConfigFile(path);
  if (config === null) return null;
  const { configFor } = await import('./config.ts');
  return configFor(config, verb, given);
}

/**
 * The configuration file; `null` when none was named and there is none in this folder.
 * @throws LifeboatError `bad-config`
 */
export async function loadConfigFile(path: string | undefined): Promise<Config | null> {
  const text = await readText(path ?? CONFIG_NAME, path !== undefined);
  if (text === null) return null;
  // The YAML parser takes its time to load, and most runs have no such file.
  const { loadConfig } = await import('./config.ts');
  return loadConfig(path ?? CONFIG_NAME, text);
}

async function readText(path: string, mustExist: boolean): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !mustExist) return null;
    const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`;
    throw new LifeboatError('bad-config', `The configuration file ${path} ${why}.`, 'Name a file that can be read, or none.', {
      details: { file: path },
    });
  }
}
