import { LifeboatError } from '../errors.ts';

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** What a failed system call in the folder for temporary files means; every other error passes as it is. */
export function temporaryError(error: unknown, folder: string): unknown {
  const { syscall, code, message } = error as NodeJS.ErrnoException;
  if (error instanceof LifeboatError || syscall === undefined || code === undefined) return error;
  const full = FULL.includes(code);
  return new LifeboatError(
    full ? 'disk-full' : 'scratch-failed',
    full ? `There is no space left for temporary files in ${folder}.` : `No temporary file can be written to ${folder}: ${message}.`,
    full ? 'Free space there, or let TMPDIR name a folder on a larger disk.' : 'Let TMPDIR name a folder that this user can write to.',
    { details: { folder, system: code }, cause: error },
  );
}
