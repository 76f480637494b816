import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { type Bench, lifeboatBackup } from './backups.ts';
import { median } from './measure.ts';
import type { Row } from './rows.ts';

const ROUNDS = 5;

/** What encryption costs a backup: the same database into the same folder, one after the other, the order turned round each time. */
export async function benchEncryption(bench: Bench): Promise<Row[]> {
  const recipient = await identityToRecipient(await generateX25519Identity());
  const plain: number[] = [];
  const encrypted: number[] = [];
  const runs = [
    async () => plain.push((await lifeboatBackup(bench, bench.main, ['--no-checksums'])).seconds),
    async () => encrypted.push((await lifeboatBackup(bench, bench.main, ['--no-checksums', '--encrypt-to', recipient])).seconds),
  ];
  for (let round = 0; round < ROUNDS; round++) for (const run of round % 2 === 0 ? runs : runs.toReversed()) await run();
  const seconds = (of: readonly number[]) => of.map((value) => value.toFixed(1)).join(', ');
  return [
    {
      what: 'backup with encryption ÷ backup without',
      measured: median(encrypted) / median(plain),
      unit: '×',
      target: { atMost: 1.15 },
      how: `${seconds(encrypted)} s against ${seconds(plain)} s`,
    },
  ];
}
