import { mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../src/context.ts';
import { clientBindir } from './corpus-database.ts';
import { type Recorded, recordingContext } from './engine.ts';
import { eventually } from './wait.ts';

export interface WrappedClient {
  /** A folder of client programs of which one is a script. */
  readonly bindir: string;
  /** A context whose engine finds that folder first. */
  context(signal?: AbortSignal): Recorded;
}

/**
 * The client programs of a major, one of them replaced by a bash script: `$REAL` is the program itself, `$HERE` the folder.
 * What it does must end with `exec`, so that the script's process is the program's.
 */
export async function wrappedClient(major: number, program: 'pg_dump' | 'pg_dumpall' | 'pg_restore', script: string): Promise<WrappedClient> {
  const real = await clientBindir(major);
  const bindir = await mkdtemp(join(tmpdir(), 'lifeboat-client-'));
  for (const other of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
    if (other !== program) await symlink(join(real, other), join(bindir, other));
  }
  const lines = ['#!/bin/bash', `REAL='${join(real, program)}' HERE='${bindir}'`, 'if [ "$1" = --version ]; then exec "$REAL" "$@"; fi', script, ''];
  await writeFile(join(bindir, program), lines.join('\n'), { mode: 0o755 });
  return { bindir, context: (signal) => withBindir(recordingContext(signal), bindir) };
}

export function withBindir<T extends Context>(context: T, bindir: string): T {
  const others = context.environment['LIFEBOAT_PG_BINDIR'];
  return { ...context, environment: { ...context.environment, LIFEBOAT_PG_BINDIR: others ? `${bindir}:${others}` : bindir } };
}

export interface HeldDump extends WrappedClient {
  /** Resolves when so many pg_dumps have every lock they need, and have given their first bytes. */
  held(dumps: number): Promise<void>;
  letGo(): Promise<void>;
}

/** A pg_dump whose output stops after its first bytes until it is let go. */
export async function heldDump(major: number): Promise<HeldDump> {
  const hold = 'head -c 64; : > "$HERE/held.$$"; while [ ! -e "$HERE/go" ]; do sleep 0.02; done; cat';
  return holding(await wrappedClient(major, 'pg_dump', `exec "$REAL" "$@" > >(${hold})`));
}

/** A pg_dump that does not begin until it is let go. */
export async function lateDump(major: number): Promise<HeldDump> {
  const wait = ': > "$HERE/held.$$"; while [ ! -e "$HERE/go" ]; do sleep 0.02; done';
  return holding(await wrappedClient(major, 'pg_dump', `${wait}; exec "$REAL" "$@"`));
}

function holding(client: WrappedClient): HeldDump {
  return {
    ...client,
    async held(dumps) {
      await eventually(async () => (await readdir(client.bindir)).filter((name) => name.startsWith('held.')).length >= dumps);
    },
    async letGo() {
      await writeFile(join(client.bindir, 'go'), '');
    },
  };
}
