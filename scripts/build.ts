import { glob, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { bytes } from '../src/report/format.ts';
import { lean } from './build/lean.ts';
import { licenses } from './build/licenses.ts';
import { sizes } from './build/sizes.ts';

const ROOT = join(import.meta.dirname, '..');
/** Of everything that a runner has to fetch and may have to load. */
export const MOST_BYTES = 1_600_000;

/** Bundles every action that has a folder into stubs over shared chunks; answers with what esbuild did. */
export async function buildActions(outdir: string): Promise<Metafile> {
  const entryPoints: Record<string, string> = {};
  for await (const file of glob('actions/*/main.ts', { cwd: ROOT })) entryPoints[basename(dirname(file))] = join(ROOT, file);
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const { metafile } = await build({
    entryPoints,
    outdir,
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    format: 'esm',
    // The AWS SDK has ES modules beside its CommonJS, of which a split bundle could import nothing by name.
    mainFields: ['module', 'main'],
    platform: 'node',
    target: 'node24',
    minify: true,
    sourcemap: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    entryNames: '[name]',
    chunkNames: 'chunk-[hash]',
    // pg asks for them, and does without
    external: ['pg-native', 'pg-cloudflare'],
    // what CommonJS packages call
    banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
    plugins: [lean],
  });
  // Wherever dist is taken, its files are modules.
  await writeFile(join(outdir, 'package.json'), '{"type":"module"}\n');
  await writeFile(join(outdir, 'licenses.txt'), await licenses(metafile, ROOT));
  return metafile;
}

/** `npm run build`: everything into dist/, with a word on what it weighs. */
if (import.meta.main) {
  const metafile = await buildActions(join(ROOT, 'dist'));
  const { total, packages, entries } = sizes(metafile);
  for (const { name, first, all } of entries) console.log(`dist/${name}  loads ${bytes(first)} at once, at most ${bytes(all)}`);
  console.log(
    `largest: ${packages
      .slice(0, 8)
      .map((one) => `${one.name} ${bytes(one.bytes)}`)
      .join(', ')}`,
  );
  console.log(`in all ${(total / 1e6).toFixed(2)} MB of ${(MOST_BYTES / 1e6).toFixed(2)} MB`);
  if (total > MOST_BYTES) {
    console.error('That is too much: see what became heavy in the list above.');
    process.exitCode = 1;
  }
}
