import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import type { LifeboatError } from '../../src/errors.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { drillServer } from '../harness/drill-server.ts';
import { runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { heldDump, type WrappedClient, wrappedClient } from '../harness/wrapped-client.ts';

const run = promisify(execFile);
const { major } = clusterOf();
let temporaries: string;
let source: ConnectionTarget;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  source = await shopDatabase();
});

async function failureOf(client: WrappedClient, meanwhile: () => Promise<void> = async () => {}): Promise<LifeboatError> {
  const store = await temporaryStore();
  const failing = rejectionOf(runBackup(source, store.url, { database: 'shop' }, client.context()));
  await meanwhile();
  const error = await failing;
  expect(await filesIn(store.folder)).toEqual([]);
  await expectNothingLeft([source], temporaries);
  return error;
}

/** What writes the schema fits into a pipe, and may have ended before its reader was held. */
const endedAlready = () => {};

/** Only the data part: the schema part goes through. */
const DATA_ONLY = 'case "$*" in *--section=data*) ;; *) exec "$REAL" "$@";; esac';

test('a pg_dump that is killed midway fails the backup', async () => {
  const dump = await heldDump(major);
  const error = await failureOf(dump, async () => {
    await dump.held(2);
    for (const name of await readdir(dump.bindir)) {
      if (name.startsWith('held.')) await run('kill', ['-KILL', name.slice('held.'.length)]).catch(endedAlready);
    }
  });
  expect(error).toMatchObject({
    code: 'client-failed',
    message: expect.stringMatching(/pg_dump failed \(killed by SIGKILL\)/),
    remedy: expect.stringContaining('out of memory'),
    details: { program: 'pg_dump', signal: 'SIGKILL', exitCode: null },
  });
});

test('a pg_dump that ends with an error after most of its bytes fails the backup, with its last lines', async () => {
  const script = `${DATA_ONLY}
"$REAL" "$@" | head -c 100000
for i in $(seq 300); do echo "pg_dump: warning: line $i" >&2; done
echo 'pg_dump: error: Dumping the contents of table "orders" failed: the moon is in the way.' >&2
exit 1`;
  const error = await failureOf(await wrappedClient(major, 'pg_dump', script));
  expect(error).toMatchObject({
    code: 'client-failed',
    message: expect.stringMatching(/^pg_dump failed \(exit status 1\): .*the moon is in the way\.$/),
    remedy: expect.stringContaining('pg_dump'),
    details: { program: 'pg_dump', exitCode: 1 },
  });
  const { stderr } = error.details as { stderr: string[] };
  expect(stderr).toHaveLength(20);
  expect(stderr.at(-1)).toContain('the moon');
});

test('a pg_dump that gives all of its bytes and then an error status fails the backup', async () => {
  const error = await failureOf(await wrappedClient(major, 'pg_dump', `${DATA_ONLY}\n"$REAL" "$@"; exit 3`));
  expect(error).toMatchObject({ code: 'client-failed', message: 'pg_dump failed (exit status 3) and said nothing.', details: { exitCode: 3 } });
});

test('a pg_dump that fails before its first byte fails the backup', async () => {
  const error = await failureOf(await wrappedClient(major, 'pg_dump', 'echo "pg_dump: error: no" >&2; exit 1'));
  expect(error).toMatchObject({ code: 'client-failed', message: expect.stringContaining('pg_dump: error: no') });
});

test('a pg_dump that cannot be started fails the backup', async () => {
  const error = await failureOf(await wrappedClient(major, 'pg_dump', 'chmod -x "$HERE/pg_dump" 2> /dev/null; exec /nowhere/pg_dump "$@"'));
  expect(error).toMatchObject({ code: 'client-failed', message: expect.stringMatching(/pg_dump/) });
});

test('a pg_dump that says it ended well, and did not, is caught by the drill', async () => {
  const store = await temporaryStore();
  const client = await wrappedClient(major, 'pg_dump', `${DATA_ONLY}\n"$REAL" "$@" | head -c 100000\nexit 0`);
  await runBackup(source, store.url, { database: 'shop' }, client.context());
  const { url } = await drillServer();
  const drill = await runDrill('shop', store.url, { into: url });
  expect(drill).toMatchObject({ ok: false, proof: { verdict: 'failed' } });
  const failed = drill.proof.checks.filter((check) => check.verdict === 'fail').map((check) => check.name);
  expect(failed).toEqual(expect.arrayContaining(['restore', 'rows']));
});
