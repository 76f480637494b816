import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inject } from 'vitest';
import { buildActions } from '../../scripts/build.ts';
import { eventually } from './wait.ts';

/** The folder of the bundled actions: LIFEBOAT_TEST_DIST, or else built from the sources once in a run, by whoever comes first. */
export async function builtActions(): Promise<string> {
  const given = process.env['LIFEBOAT_TEST_DIST'];
  if (given) {
    await access(join(given, 'backup.js'));
    return resolve(given);
  }
  const folder = inject('bundleFolder');
  const [dist, done, failed] = [join(folder, 'dist'), join(folder, 'done'), join(folder, 'failed')];
  const isFirst = await mkdir(join(folder, 'lock')).then(
    () => true,
    () => false,
  );
  if (isFirst) {
    await buildActions(dist).then(
      () => writeFile(done, ''),
      (error: Error) => writeFile(failed, error.message),
    );
  }
  await eventually(async () => (await isThere(done)) || (await isThere(failed)));
  if (await isThere(failed)) throw new Error(`the actions could not be built: ${await readFile(failed, 'utf8')}`);
  return dist;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
