import { decide, type Policy, type RetainedBackup } from '../../src/retention/policy.ts';
import { median } from './measure.ts';
import type { Row } from './rows.ts';

const BACKUPS = 10_000;
const RUNS = 5;
const HOUR_MS = 3_600_000;
const POLICY: Policy = {
  keepLast: 7,
  keepWithinSeconds: 2 * 86_400,
  daily: 30,
  weekly: 26,
  monthly: 24,
  yearly: 10,
  timezone: 'Europe/Berlin',
  keepFailedSeconds: 14 * 86_400,
  minKeep: 3,
};

/** How long retention takes to decide over ten thousand hourly backups, with every rule and a time zone that has daylight saving. */
export async function benchRetention(): Promise<Row[]> {
  const now = new Date('2026-11-20T02:00:00Z');
  const backups = Array.from({ length: BACKUPS }, (_, i): RetainedBackup => {
    const at = new Date(now.getTime() - i * HOUR_MS).toISOString();
    const state = i % 7 === 0 ? 'proven' : i % 31 === 0 ? 'failed' : 'unproven';
    return { id: `${i}`, at, state, provenAt: state === 'proven' ? at : null, failedAt: state === 'failed' ? at : null, lockedUntil: at };
  });
  const times = Array.from({ length: RUNS }, () => {
    const started = performance.now();
    decide(backups, POLICY, now);
    return performance.now() - started;
  });
  return [{ what: 'prune decides over 10,000 backups', measured: median(times), unit: 'ms', target: { atMost: 1000 }, how: `median of ${RUNS}` }];
}
