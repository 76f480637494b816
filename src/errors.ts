/**
 * Every code a LifeboatError may carry, with who has to act on it.
 *
 * `usage`: what was asked for cannot be done as asked (exit status 2).
 * `operation`: the world did not play along, or a check found something (exit status 1).
 * Anything thrown that is not a LifeboatError is a bug (exit status 3).
 */
export const ERROR_CODES = {
  // asking
  'bad-option': 'usage',
  'bad-config': 'usage',
  'bad-database-url': 'usage',
  'bad-storage-url': 'usage',
  'same-store': 'usage',
  'pooler-url': 'usage',
  'wrong-confirmation': 'usage',
  'target-not-empty': 'usage',
  'target-is-source': 'usage',
  'unknown-table': 'usage',
  'unknown-index': 'usage',
  // reaching Postgres
  'host-unreachable': 'operation',
  'authentication-failed': 'operation',
  'database-missing': 'operation',
  'tls-failed': 'operation',
  'too-many-connections': 'operation',
  'connection-lost': 'operation',
  'query-failed': 'operation',
  // the client programs
  'client-missing': 'operation',
  'client-too-old': 'operation',
  'client-failed': 'operation',
  // reading the source
  'table-not-readable': 'operation',
  'row-security-active': 'operation',
  'lock-timeout': 'operation',
  'schema-changing': 'operation',
  'out-of-locks': 'operation',
  'nothing-selected': 'usage',
  // rebuilding indexes
  standby: 'operation',
  'version-unsafe': 'operation',
  'reindex-running': 'operation',
  // the store
  'store-unreachable': 'operation',
  'store-access-denied': 'operation',
  'store-wrong-region': 'operation',
  'store-busy': 'operation',
  'store-failed': 'operation',
  'bucket-missing': 'operation',
  'disk-full': 'operation',
  'already-exists': 'operation',
  'object-missing': 'operation',
  'lock-unsupported': 'operation',
  // a backup
  'no-backups': 'operation',
  'unknown-backup': 'usage',
  'manifest-missing': 'operation',
  'manifest-malformed': 'operation',
  'manifest-newer': 'operation',
  'signature-missing': 'operation',
  'signature-wrong': 'operation',
  'part-missing': 'operation',
  'part-corrupt': 'operation',
  'copy-differs': 'operation',
  // encryption
  'identity-missing': 'usage',
  'identity-wrong': 'usage',
  // restoring
  'restore-failed': 'operation',
  'scratch-failed': 'operation',
  'extension-missing': 'operation',
  'role-missing': 'operation',
  'disk-too-small': 'operation',
  // rehearsing
  'unknown-scenario': 'usage',
  'game-day-unreadable': 'operation',
  'github-failed': 'operation',
  cancelled: 'operation',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  readonly [key: string]: unknown;
}

/**
 * A failure that has been understood: what happened, and what to do about it.
 * Neither sentence, nor `details`, ever holds a secret: they are printed, logged and published.
 */
export class LifeboatError extends Error {
  override readonly name = 'LifeboatError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, remedy: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = remedy;
    this.details = options.details ?? {};
  }
}

/** Why a verb was asked to stop; the reason an AbortSignal carries when the process got a signal. */
export function cancelled(signalName: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): LifeboatError {
  return new LifeboatError('cancelled', `Stopped by ${signalName}.`, 'Run it again: nothing half-done was left behind.', {
    details: { signal: signalName },
  });
}

/** It may say more of what is left behind than the signal itself does. */
export function isCancelled(error: unknown): boolean {
  return error instanceof LifeboatError && error.code === 'cancelled';
}

const SIGNAL_STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** 0 is success and never comes from here; 129 and above follow the shell's convention for signals. */
export function exitStatusOf(error: unknown): 1 | 2 | 3 | 129 | 130 | 143 {
  if (!(error instanceof LifeboatError)) return 3;
  if (error.code === 'cancelled') return SIGNAL_STATUS[error.details['signal'] as keyof typeof SIGNAL_STATUS] ?? 130;
  return ERROR_CODES[error.code] === 'usage' ? 2 : 1;
}
