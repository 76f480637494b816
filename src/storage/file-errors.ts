import { type ErrorCode, LifeboatError } from '../errors.ts';

interface Row {
  readonly code: ErrorCode;
  readonly what: string;
  readonly remedy: string;
}

const DENIED: Row = {
  code: 'store-access-denied',
  what: 'permission denied',
  remedy: 'Let the user that runs pg-lifeboat read and write the folder, or choose another one.',
};
const FULL: Row = {
  code: 'disk-full',
  what: 'no space left',
  remedy: 'Free space there, or choose a folder on a larger disk; nothing of the file was left behind.',
};

const TABLE: Readonly<Record<string, Row>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: { ...DENIED, what: 'the file system is read-only' },
  ENOSPC: FULL,
  EDQUOT: { ...FULL, what: 'the disk quota is used up' },
  EFBIG: { ...FULL, what: 'the file system holds no file that large' },
  ENOENT: { code: 'object-missing', what: 'no such file', remedy: 'List the store to see what it holds.' },
  EISDIR: { code: 'object-missing', what: 'it is a folder', remedy: 'List the store to see what it holds.' },
  ENOTDIR: {
    code: 'store-failed',
    what: 'a part of the path is a file, not a folder',
    remedy: 'Choose a folder as the store, or move that file away.',
  },
};

/** What a failed system call means to the store; a LifeboatError passes as it is. */
export function fileError(error: unknown, operation: string, path: string): LifeboatError {
  if (error instanceof LifeboatError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const row = code === undefined ? undefined : TABLE[code];
  return new LifeboatError(
    row === undefined || (row.code === 'object-missing' && operation !== 'read') ? 'store-failed' : row.code,
    `Could not ${operation} ${path}: ${row?.what ?? message}.`,
    row?.remedy ?? 'Check the disk and the mount behind that folder.',
    { details: { operation, path, system: code ?? null }, cause: error },
  );
}
