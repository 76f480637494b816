import type { HeldTable, PreparedTransaction, SlotFacts } from '../../postgres/preflight/activity.ts';
import { bytes, counted, seconds } from '../../report/format.ts';
import { fail, type Judgement, judged, type Remark, warn } from '../judgement.ts';

const LONG_SECONDS = 3600;

/** Whether somebody keeps a table to himself now, or longer than a backup waits. */
export function judgeLocks(held: readonly HeldTable[], prepared: readonly PreparedTransaction[], lockTimeoutSeconds: number): Judgement {
  const remarks = held.map((one) => heldRemark(one, lockTimeoutSeconds));
  const old = prepared.filter((one) => one.seconds > LONG_SECONDS && !held.some(({ prepared: gid }) => gid === one.gid));
  const says =
    held.length === 0 ? 'Nobody has a table of the backup to himself now.' : `${counted(held.length, 'table')} cannot be read by others now.`;
  return judged(says, [
    ...remarks,
    ...old.map(({ gid, seconds: age }) =>
      warn(
        `The prepared transaction ${gid} is ${seconds(age)} old, and nobody ends it: it keeps its locks and holds vacuum back.`,
        `COMMIT PREPARED '${gid}'; or ROLLBACK PREPARED '${gid}';`,
      ),
    ),
  ]);
}

function heldRemark({ table, pid, prepared, user, state, granted, seconds: age }: HeldTable, limit: number): Remark {
  const since = age === null ? '' : `, in a transaction of ${seconds(age)}`;
  if (prepared !== null) {
    return fail(
      `${table} is locked by the prepared transaction ${prepared}${since}: no session ends that by itself.`,
      `COMMIT PREPARED '${prepared}'; or ROLLBACK PREPARED '${prepared}';`,
      [table],
    );
  }
  const who = `process ${pid}${user === null ? '' : ` (${user}${state === null ? '' : `, ${state}`})`}`;
  const message = `${table} is ${granted ? 'locked' : 'waited for'} by ${who}${since}.`;
  const remedy = `Wait for it, or SELECT pg_terminate_backend(${pid}); a backup waits ${seconds(limit)} for a lock (--lock-timeout).`;
  const stays = granted && ((age ?? 0) > limit || state === 'idle in transaction');
  return stays ? fail(message, remedy, [table]) : warn(message, remedy, [table]);
}

export interface ReplicationFacts {
  readonly standby: boolean;
  readonly slots: readonly SlotFacts[];
  /** Queries that replay has cancelled. */
  readonly conflicts: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly backupSeconds: number;
}

/** What a snapshot that is held for long meets on a standby, and what it adds to on a primary. */
export function judgeReplication(facts: ReplicationFacts): Judgement {
  const { standby, settings, backupSeconds } = facts;
  const snapshotThreshold = Number(settings['old_snapshot_threshold'] ?? -1);
  const says = standby ? 'The server is a standby.' : 'The server is a primary.';
  return judged(says, [
    ...(standby ? standbyRemarks(facts) : []),
    ...facts.slots.flatMap((slot) => slotRemark(slot, settings['max_slot_wal_keep_size'])),
    snapshotThreshold >= 0 && snapshotThreshold * 60 < backupSeconds
      ? fail(
          `old_snapshot_threshold is ${snapshotThreshold} min: a backup of about ${seconds(backupSeconds)} ends with "snapshot too old".`,
          'ALTER SYSTEM SET old_snapshot_threshold = -1; and restart the server.',
        )
      : null,
  ]);
}

function standbyRemarks({ settings, conflicts, backupSeconds }: ReplicationFacts): Remark[] {
  const delay = Number(settings['max_standby_streaming_delay'] ?? 30_000) / 1000;
  const feedback = settings['hot_standby_feedback'] === 'on';
  const short = delay >= 0 && delay < backupSeconds;
  return [
    ...(short
      ? [
          warn(
            `max_standby_streaming_delay is ${seconds(delay)} and hot_standby_feedback is ${feedback ? 'on' : 'off'}: replay may cancel a backup of about ${seconds(backupSeconds)}.`,
            `On the standby: ALTER SYSTEM SET max_standby_streaming_delay = -1;${feedback ? '' : ' ALTER SYSTEM SET hot_standby_feedback = on;'} SELECT pg_reload_conf(); or back up from the primary.`,
          ),
        ]
      : []),
    ...(conflicts > 0
      ? [
          warn(
            `Replay has cancelled ${counted(conflicts, 'query', 'queries')} in this database (pg_stat_database_conflicts).`,
            'Raise max_standby_streaming_delay, or turn hot_standby_feedback on.',
          ),
        ]
      : []),
  ];
}

/** While a snapshot is held nothing is vacuumed, and what an unused slot keeps comes on top. */
function slotRemark({ name, active, bytes: kept }: SlotFacts, most: string | undefined): Remark[] {
  if (active || kept === null) return [];
  const bound = most === undefined || most === '-1' ? ', without a limit (max_slot_wal_keep_size is -1)' : '';
  return [
    warn(
      `Nobody uses the replication slot ${name}, and it keeps ${bytes(Math.max(0, kept))} of write-ahead log${bound}: the disk of the database fills up.`,
      `SELECT pg_drop_replication_slot('${name.replaceAll("'", "''")}'); if nobody comes back for it; and set max_slot_wal_keep_size.`,
    ),
  ];
}

const TIMEOUTS = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout'];

/** Timeouts that the role or the database sets; a backup lifts all of them for its own sessions. */
export function judgeTimeouts(settings: Readonly<Record<string, string>>): Judgement {
  const set = TIMEOUTS.filter((name) => Number(settings[name] ?? 0) > 0).map((name) => `${name} ${seconds(Number(settings[name]) / 1000)}`);
  if (set.length === 0) return judged('The role has no timeouts.', []);
  return judged(`The role has ${set.join(', ')}; a backup lifts them for its own sessions.`, []);
}
