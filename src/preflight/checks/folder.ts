import { bytes } from '../../report/format.ts';
import type { FolderFacts } from '../../storage/inspect.ts';
import { fail, type Judgement, judged, only, pass, unknown, warn } from '../judgement.ts';
import type { Prediction } from '../predict.ts';

const STICKY = 0o1000;

/** Whether somebody else on this machine may delete or replace backups. Their files are their owner's alone. */
export function judgeFolder({ path, mode, exists }: FolderFacts): Judgement {
  if (!exists) return pass(`${path} is not there yet: the first backup makes it.`);
  const says = `The folder ${path} has mode ${(mode & 0o777).toString(8).padStart(3, '0')}.`;
  const isOpen = (bit: number) => (mode & bit) !== 0 && (mode & STICKY) === 0;
  const remedy = `chmod go-w '${path.replaceAll("'", "'\\''")}'`;
  if (isOpen(0o002)) return judged(says, [fail('Everybody on this machine may delete and replace backups in it.', remedy)]);
  return judged(says, [isOpen(0o020) ? warn('Its group may delete and replace backups in it.', remedy) : null]);
}

/** @param lockDays how long a backup is to be locked; `undefined` when it is not */
export function judgeFolderLock(lockDays: number | undefined): Judgement {
  if (lockDays === undefined) return pass('A folder locks nothing: whoever may write to it may delete backups.');
  return only(fail('Backups are to be locked, and a folder cannot lock anything.', 'Use a bucket with object lock, or leave --lock-days out.'));
}

/** @param dataDevice file system of the database's files, where it runs on this machine; `elsewhere`, or `unknown` */
export function judgeSameDisk({ path, device }: FolderFacts, dataDevice: number | 'elsewhere' | 'unknown'): Judgement {
  if (dataDevice === 'elsewhere') return pass('The database is on another machine than the backups.');
  const remedy = 'Keep backups on another machine, or in a bucket.';
  if (dataDevice === 'unknown') {
    return judged('The database is on this machine, as the backups are.', [
      unknown(
        'Whether they share a disk cannot be told: the role may not see data_directory, or this user may not look into it.',
        'GRANT pg_read_all_settings TO the role.',
      ),
    ]);
  }
  if (dataDevice !== device)
    return judged('The database is on this machine, on another file system.', [
      warn('Whatever takes this machine takes the database and its backups.', remedy),
    ]);
  return only(warn(`${path} is on the same file system as the database: the disk that takes the one takes the other.`, remedy));
}

export function judgeSpace({ path, freeBytes }: FolderFacts, prediction: Prediction | null): Judgement {
  const says = `${path} has ${bytes(freeBytes)} free.`;
  if (prediction === null) return judged(says, [unknown('How much a backup takes is not known: the source could not be asked.')]);
  const { storedBytes, measured, standsOn } = prediction;
  if (freeBytes >= storedBytes * 2) return pass(`${says} A backup takes about ${bytes(storedBytes)}.`);
  const message = `${says} A backup takes about ${bytes(storedBytes)} (${standsOn}).`;
  const remedy = 'Free space there, prune older backups, or use a larger store.';
  return only(freeBytes < storedBytes && measured ? fail(message, remedy) : warn(message, remedy));
}
