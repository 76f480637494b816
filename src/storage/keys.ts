import { LifeboatError } from '../errors.ts';

/** Where the file store keeps what is not complete yet; no key may go there. */
export const TEMPORARY_FOLDER = '.lifeboat-tmp';

/** @throws LifeboatError `store-failed` for a key that could lead out of the store, or that not every store can hold */
export function checkKey(key: string): string {
  const fault = faultOf(key);
  if (fault === null) return key;
  throw new LifeboatError(
    'store-failed',
    `${JSON.stringify(key)} cannot be the key of an object: ${fault}.`,
    'Report this: keys are made by pg-lifeboat.',
  );
}

/** As `checkKey`, for a folder: `''` is the root. */
export function checkFolder(folder: string): string {
  return folder === '' ? folder : checkKey(folder);
}

/** S3 takes 1,024 bytes of UTF-8; a file system takes 255 between two slashes. */
function faultOf(key: string): string | null {
  const segments = key.split('/');
  if (segments.includes('')) return 'it has an empty segment';
  if (segments.some((s) => s === '.' || s === '..')) return 'it has a segment of dots';
  if (segments[0] === TEMPORARY_FOLDER) return `${TEMPORARY_FOLDER} is for unfinished files`;
  if (key.includes('\0')) return 'it has a zero byte';
  if (Buffer.byteLength(key) > 900) return 'it is longer than 900 bytes';
  if (segments.some((s) => Buffer.byteLength(s) > 255)) return 'it has a segment longer than 255 bytes';
  return null;
}
