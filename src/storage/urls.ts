import { LifeboatError } from '../errors.ts';

const REMEDY = 'Write s3://bucket, s3://bucket/prefix or file:///absolute/folder.';

/** @throws LifeboatError `bad-storage-url` */
export function schemeOf(url: string): 's3' | 'file' {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === 's3' || scheme === 'file') return scheme;
  if (scheme !== undefined && scheme.length > 1) throw bad(`There is no kind of store called ${scheme}.`);
  const example = url.startsWith('/') ? ` A folder is written file://${encodeURI(url)}.` : '';
  throw bad('The storage URL does not say what kind of store it is.', REMEDY + example);
}

/**
 * The bucket and the prefix, which has no `/` at either end. A prefix is taken as it is written: S3 keys are not URL-encoded.
 * @throws LifeboatError `bad-storage-url`; what stands before an `@` is never repeated
 */
export function parseS3Url(url: string): { bucket: string; prefix: string } {
  const [, authority = '', path = ''] = /^s3:\/\/([^/]*)(.*)$/i.exec(url) ?? [];
  if (authority.includes('@')) {
    throw bad(
      'The storage URL holds credentials.',
      'Leave them out of the URL, which ends up in logs: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. If the URL was ever printed, replace the key.',
    );
  }
  if (authority === '') throw bad('The storage URL names no bucket.');
  // the names of AWS, and those that older servers allow: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(authority)) throw bad(`${JSON.stringify(authority)} cannot be the name of a bucket.`);
  const prefix = path.replaceAll(/^\/+|\/+$/g, '');
  const fault = prefix === '' ? null : faultOfPrefix(prefix);
  if (fault !== null) throw bad(`The prefix in the storage URL ${fault}.`);
  return { bucket: authority, prefix };
}

/**
 * The folder as an absolute, decoded path.
 * @throws LifeboatError `bad-storage-url`
 */
export function parseFileUrl(url: string): string {
  const [, host = '', path = ''] = /^file:\/\/([^/]*)(.*)$/i.exec(url) ?? [];
  if (path === '' || (host !== '' && host !== 'localhost')) {
    throw bad('A file store needs an absolute folder, after three slashes.', `${REMEDY} A relative path has to be made absolute first.`);
  }
  if (/[?#]/.test(path)) throw bad('The storage URL has a ? or # in it.', `${REMEDY} In a folder's name write %3F and %23.`);
  const decoded = decode(path);
  if (decoded === null || decoded.includes('\0')) throw bad('The storage URL is not percent-encoded as a URL is.', `${REMEDY} A % is written %25.`);
  if (decoded.split('/').includes('..')) throw bad('The storage URL has a .. in it.');
  return decoded.replaceAll(/\/+/g, '/').replace(/(?<=.)\/$/, '');
}

function faultOfPrefix(prefix: string): string | null {
  if (/[?#]/.test(prefix)) return 'has a ? or # in it';
  if (prefix.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) return 'has an empty segment or one of dots';
  return Buffer.byteLength(prefix) > 100 ? 'is longer than 100 bytes' : null;
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function bad(message: string, remedy = REMEDY): LifeboatError {
  return new LifeboatError('bad-storage-url', message, remedy);
}
