import { openStore, type StoreSettings, s3SettingsFromEnvironment } from './open.ts';
import type { Store } from './store.ts';

export interface StoreOptions {
  readonly storage: string;
  readonly s3Endpoint?: string | undefined;
  readonly s3Region?: string | undefined;
  readonly s3PathStyle?: boolean | undefined;
}

/** Opens the store that a verb's options name; what they leave open, the AWS variables say. */
export function openStoreFor(options: StoreOptions, environment: Readonly<Record<string, string | undefined>>): Promise<Store> {
  return openStore(options.storage, settingsFor(options, environment));
}

/** How to reach the server of a store. */
export function settingsFor(options: StoreOptions, environment: Readonly<Record<string, string | undefined>>): StoreSettings {
  const given = {
    ...(options.s3Endpoint === undefined ? {} : { endpoint: options.s3Endpoint }),
    ...(options.s3Region === undefined ? {} : { region: options.s3Region }),
    ...(options.s3PathStyle === undefined ? {} : { forcePathStyle: options.s3PathStyle }),
  };
  return { ...s3SettingsFromEnvironment(environment), ...given };
}
