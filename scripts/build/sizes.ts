import { basename } from 'node:path';
import type { Metafile } from 'esbuild';

export interface Sizes {
  readonly total: number;
  /** Largest first; the project's own code is `pg-lifeboat`. */
  readonly packages: readonly { readonly name: string; readonly bytes: number }[];
  /** What each stub loads before its first line, and with everything it may come to import. */
  readonly entries: readonly { readonly name: string; readonly first: number; readonly all: number }[];
}

/** What the bundle weighs, and where that comes from. */
export function sizes({ outputs }: Metafile): Sizes {
  const packages = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(input) ?? 'pg-lifeboat';
      packages.set(name, (packages.get(name) ?? 0) + bytesInOutput);
    }
  }
  const entries = Object.entries(outputs).filter(([, { entryPoint }]) => entryPoint?.startsWith('actions/'));
  return {
    total: Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0),
    packages: [...packages].map(([name, bytes]) => ({ name, bytes })).toSorted((a, b) => b.bytes - a.bytes),
    entries: entries.map(([path]) => ({ name: basename(path), first: weight(outputs, path, false), all: weight(outputs, path, true) })),
  };
}

/** The package that a file in node_modules belongs to; `null` for one of ours. */
export function packageOf(input: string): string | null {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? null;
}

function weight(outputs: Metafile['outputs'], from: string, lazyToo: boolean): number {
  const seen = new Set<string>();
  const visit = (path: string) => {
    const output = outputs[path];
    if (output === undefined || seen.has(path)) return;
    seen.add(path);
    for (const { path: next, kind } of output.imports) if (lazyToo || kind === 'import-statement') visit(next);
  };
  visit(from);
  return [...seen].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);
}
