import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ACTION_NAMES, ACTIONS } from '../src/options/actions.ts';
import { actionYaml } from './generate/action-yaml.ts';
import { configJsonSchema } from './generate/json-schema.ts';
import { reference } from './generate/reference.ts';
import { linkedErrors, runbooksIndex } from './generate/runbooks.ts';

const ROOT = join(import.meta.dirname, '..');

/** Everything that is made from src/options and other tables of the source, and committed, by its path. */
export function generated(): Record<string, string> {
  return {
    ...Object.fromEntries(ACTION_NAMES.map((name) => [`actions/${name}/action.yml`, actionYaml(name, ACTIONS[name])])),
    'docs/errors.md': linkedErrors(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')),
    'docs/reference.md': reference(),
    'runbooks/README.md': runbooksIndex(readFileSync(join(ROOT, 'runbooks/README.md'), 'utf8')),
    'schema/lifeboat.schema.json': `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  };
}

/** The paths whose committed text is not what the source says. */
export async function outdated(): Promise<string[]> {
  const texts = await Promise.all(Object.entries(generated()).map(async ([path, text]) => ({ path, same: (await committed(path)) === text })));
  return texts.filter(({ same }) => !same).map(({ path }) => path);
}

async function committed(path: string): Promise<string | null> {
  return readFile(join(ROOT, path), 'utf8').catch(() => null);
}

/** `npm run generate` writes them; `npm run generate -- --check` fails when they would change. */
if (import.meta.main) {
  const paths = await outdated();
  if (process.argv.includes('--check')) {
    if (paths.length > 0) {
      console.error(`Not what the source says: ${paths.join(', ')}. Run npm run generate, and commit what it writes.`);
      process.exitCode = 1;
    }
  } else {
    const texts = generated();
    for (const path of paths) {
      await mkdir(dirname(join(ROOT, path)), { recursive: true });
      await writeFile(join(ROOT, path), texts[path] as string);
      console.log(`wrote ${path}`);
    }
  }
}
