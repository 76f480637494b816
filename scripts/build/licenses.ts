import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** Name, version and licence text of every package that has a byte in the bundle. */
export async function licenses({ outputs }: Metafile, root: string): Promise<string> {
  const folders = new Set<string>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
    }
  }
  const packages = await Promise.all([...folders].map((folder) => licenseOf(join(root, folder))));
  const byText = Map.groupBy(
    packages.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ({ text }) => text,
  );
  const entries = [...byText].map(([text, same]) => `${same.map(({ name }) => name).join('\n')}\n\n${text}\n`);
  return entries.join(`\n${'-'.repeat(80)}\n\n`);
}

interface License {
  /** `pg 8.23.1 (MIT)`. */
  readonly name: string;
  readonly text: string;
}

async function licenseOf(folder: string): Promise<License> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
  const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  if (license === undefined && texts.length === 0) throw new Error(`${name} ${version} does not say under which licence it stands`);
  return { name: `${name} ${version} (${license})`, text: texts.map((text) => text.trim()).join('\n\n') };
}
