import { Readable } from 'node:stream';
import type { Context } from '../context.ts';
import type { Digest, ManifestPart } from '../format/manifest.ts';
import type { Installation } from '../postgres/programs.ts';
import { startProgram } from '../postgres/run.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import type { Store } from '../storage/store.ts';
import { type SealOptions, seal } from '../stream/seal.ts';

export interface PartToDump {
  readonly key: string;
  readonly name: string;
  readonly kind: ManifestPart['kind'];
  readonly args: readonly string[];
  /** How many tables it is known to hold. */
  readonly tables: number;
  readonly expectedBytes: number;
}

/** One pg_dump straight into the store. When it resolves, pg_dump has ended well and the object is there, whole. */
export async function dumpPart(
  part: PartToDump,
  source: { readonly target: ConnectionTarget; readonly installation: Installation },
  store: Store,
  options: Pick<SealOptions, 'level' | 'recipients' | 'onBytes'>,
  context: Context,
): Promise<ManifestPart> {
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const program = startProgram({ ...source, program: 'pg_dump', args: part.args, context: { ...context, signal } });
  program.stdin.end();
  const sealed = seal(program.stdout, { ...options, signal, confirm: () => program.done });
  try {
    await store.put(part.key, sealed.stream, { signal, expectedBytes: part.expectedBytes, onlyIfAbsent: true });
    return { name: part.name, kind: part.kind, tables: part.tables, ...(await sealed.done) };
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await program.done.catch(() => {});
  }
}

/** The same for bytes that are at hand. */
export async function storePart(
  key: string,
  bytes: Buffer,
  store: Store,
  { recipients }: { readonly recipients: readonly string[] },
  signal: AbortSignal,
): Promise<{ plain: Digest; stored: Digest }> {
  const sealed = seal(Readable.from([bytes]), { recipients, signal });
  await store.put(key, sealed.stream, { signal, expectedBytes: bytes.length, onlyIfAbsent: true });
  return sealed.done;
}
