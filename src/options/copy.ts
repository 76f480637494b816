import { z } from 'zod';
import { jobs, lockOptions, storeOptions } from './common.ts';
import { copyStores } from './copies.ts';
import { durationSeconds, option } from './define.ts';

const text = z.string().min(1, 'is empty');

export const copyOptions = z.strictObject({
  ...storeOptions,
  to: copyStores('The store to copy to; the copies of lifeboat.yml unless given.'),
  toS3Endpoint: option(text.optional(), {
    description: 'The S3 endpoint of that store; AWS_ENDPOINT_URL_S3 unless given.',
    placeholder: 'URL',
  }),
  toS3Region: option(text.optional(), {
    description: "The region of that store's bucket; AWS_REGION unless given.",
    placeholder: 'REGION',
  }),
  toS3PathStyle: option(z.boolean().optional(), {
    description: 'Address the buckets of that store by path rather than by host name; the default when an endpoint is given.',
  }),
  toAccessKeyId: option(text.optional(), {
    description: 'An access key id for that store, where it has a key of its own.',
    placeholder: 'ID',
    environment: 'LIFEBOAT_COPY_ACCESS_KEY_ID',
    secret: true,
  }),
  toSecretAccessKey: option(text.optional(), {
    description: 'And its secret access key.',
    placeholder: 'KEY',
    environment: 'LIFEBOAT_COPY_SECRET_ACCESS_KEY',
    secret: true,
  }),
  database: option(z.array(text).default([]), {
    description: 'Only the backups of this database; may be given several times. Unless given: those in lifeboat.yml, else all that the store knows.',
    placeholder: 'NAME',
  }),
  backup: option(text.optional(), {
    description: 'Only this backup of one database: its id, or latest. Unless given: all that the other store lacks.',
    placeholder: 'ID',
  }),
  within: option(durationSeconds().optional(), {
    description: 'Only backups as young as this.',
    placeholder: 'DURATION',
  }),
  ...lockOptions,
  jobs,
});

export type CopyOptions = z.output<typeof copyOptions>;
