import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DrillResult } from '../../src/drill/drill.ts';
import { withSession } from '../../src/postgres/connect.ts';
import { startScratch } from '../../src/postgres/scratch.ts';
import { withDatabase } from '../../src/postgres/url.ts';
import { type Bench, clientEnvironment, lifeboat } from './backups.ts';
import { measure, median } from './measure.ts';
import type { Row } from './rows.ts';

const ROUNDS = 3;

/** The drill's restore against pg_restore -j2 of a local archive into the same kind of scratch, and what the proof costs on top. */
export async function benchRestores(bench: Bench): Promise<Row[]> {
  const archive = join(bench.folder, 'rival.dump');
  await measure(join(bench.installation.bindir, 'pg_dump'), ['-Fc', '-f', archive], { env: clientEnvironment(bench.main) });
  const storage = pathToFileURL(join(bench.folder, 'drills')).href;
  await lifeboat(['backup', '--storage', storage, '--checksums', '--jobs', '2'], bench.main);
  const rival: number[] = [];
  const ours: number[] = [];
  const verification: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rival.push(await rivalRestore(bench, archive));
    const { stdout } = await lifeboat(['drill', '--storage', storage, '--database', 'main', '--jobs', '2'], bench.main);
    const { proof } = JSON.parse(stdout) as DrillResult;
    ours.push(proof.rto.phases.filter((phase) => phase.name !== 'analyze').reduce((sum, phase) => sum + phase.seconds, 0));
    verification.push(proof.verification.seconds);
  }
  const seconds = (of: readonly number[]) => of.map((value) => value.toFixed(1)).join(', ');
  return [
    {
      what: "drill's restore ÷ pg_restore -j2 of a local archive",
      measured: median(ours) / median(rival),
      unit: '×',
      target: { atMost: 1.1 },
      how: `${seconds(ours)} s against ${seconds(rival)} s`,
    },
    {
      what: 'verification with checksums and amcheck ÷ restore',
      measured: median(verification) / median(ours),
      unit: '×',
      target: { atMost: 0.5 },
      how: `${seconds(verification)} s`,
    },
  ];
}

async function rivalRestore(bench: Bench, archive: string): Promise<number> {
  const scratch = await startScratch({ installation: bench.installation, context: bench.context });
  try {
    await withSession(scratch.target, {}, (session) => session.query('CREATE DATABASE rival'));
    const { seconds } = await measure(join(bench.installation.bindir, 'pg_restore'), ['-j2', '-d', 'rival', archive], {
      env: clientEnvironment(withDatabase(scratch.target, 'rival')),
    });
    return seconds;
  } finally {
    await scratch.stop();
  }
}
