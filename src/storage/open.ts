import { openFileStore } from './file.ts';
import { openS3Store } from './s3.ts';
import { isR2, type S3Settings } from './s3-client.ts';
import type { Store } from './store.ts';
import { schemeOf } from './urls.ts';

export type StoreSettings = S3Settings;

/**
 * Opens the store that a URL names: `file:///absolute/folder`, `s3://bucket` or `s3://bucket/prefix`. Nothing is read or written yet.
 * @param settings for `s3:` only
 * @throws LifeboatError `bad-storage-url`
 */
export async function openStore(url: string, settings: StoreSettings = {}): Promise<Store> {
  return schemeOf(url) === 'file' ? openFileStore(url) : await openS3Store({ ...settings, url });
}

/**
 * What the AWS variables say of the server: credentials are not among them, the SDK finds those itself.
 * An R2 endpoint has the region `auto`, whatever AWS_REGION says for other services.
 */
export function s3SettingsFromEnvironment(env: Readonly<Record<string, string | undefined>>): StoreSettings {
  const endpoint = env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'];
  const region = endpoint && isR2(endpoint) ? 'auto' : env['AWS_REGION'] || env['AWS_DEFAULT_REGION'];
  return { ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) };
}
