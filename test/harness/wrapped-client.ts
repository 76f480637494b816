import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
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
  made.push(bindir);
  for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']) {
    // no links: the engine would follow them to the folder that they lead to
    const body = name === program ? `if [ "$1" = --version ]; then exec "$REAL" "$@"; fi\n${script}` : 'exec "$REAL" "$@"';
    await writeFile(join(bindir, name), `#!/bin/bash\nREAL='${join(real, name)}' HERE='${bindir}'\n${body}\n`, { mode: 0o755 });
  }
  return { bindir, context: (signal) => withBindir(recordingContext(signal), bindir) };
}

const made: string[] = [];

afterAll(async () => {
  for (const bindir of made.splice(0)) await rm(bindir, { recursive: true, force: true });
});

export function withBindir<T extends Context>(context: T, bindir: string): T {
  const others = context.environment['LIFEBOAT_PG_BINDIR'];
  return { ...context, environment: { ...context.environment, LIFEBOAT_PG_BINDIR: others ? `${bindir}:${others}` : bindir } };
}

export interface HeldClient extends WrappedClient {
  /** Resolves when so many of them have come to where they are held. */
  held(programs: number): Promise<void>;
  letGo(): Promise<void>;
}

/** A pg_dump whose output stops after its first bytes, when it has every lock it needs, until it is let go. */
export async function heldDump(major: number): Promise<HeldClient> {
  const hold = 'head -c 64; : > "$HERE/held.$$"; while [ ! -e "$HERE/go" ] && kill -0 $$ 2> /dev/null; do sleep 0.02; done; cat';
  return holding(await wrappedClient(major, 'pg_dump', `exec "$REAL" "$@" > >(${hold})`));
}

/** A program that does not begin until it is let go. */
export async function lateProgram(major: number, program: Parameters<typeof wrappedClient>[1]): Promise<HeldClient> {
  const wait = ': > "$HERE/held.$$"; while [ ! -e "$HERE/go" ]; do sleep 0.02; done';
  return holding(await wrappedClient(major, program, `${wait}; exec "$REAL" "$@"`));
}

function holding(client: WrappedClient): HeldClient {
  return {
    ...client,
    async held(programs) {
      await eventually(async () => (await readdir(client.bindir)).filter((name) => name.startsWith('held.')).length >= programs);
    },
    async letGo() {
      await writeFile(join(client.bindir, 'go'), '');
    },
  };
}
