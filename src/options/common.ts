import { z } from 'zod';
import { option, wholeNumber } from './define.ts';

const text = z.string().min(1, 'is empty');

export const databaseUrl = option(text, {
  description: 'The database to back up, as a postgres:// URL. Use the direct connection or a session pooler, never a transaction pooler.',
  placeholder: 'URL',
  environment: 'DATABASE_URL',
  secret: true,
});

export const storeOptions = {
  storage: option(text, {
    description: 'Where backups live: s3://bucket/prefix or file:///folder.',
    placeholder: 'STORE',
    environment: 'LIFEBOAT_STORAGE',
  }),
  s3Endpoint: option(text.optional(), {
    description: 'The S3 endpoint, for R2 and other compatible servers; AWS_ENDPOINT_URL_S3 unless given.',
    placeholder: 'URL',
  }),
  s3Region: option(text.optional(), {
    description: "The bucket's region; AWS_REGION unless given.",
    placeholder: 'REGION',
  }),
  s3PathStyle: option(z.boolean().optional(), {
    description: 'Address buckets by path rather than by host name; the default when an endpoint is given.',
  }),
};

export const recipientOptions = {
  encryptTo: option(z.array(z.string().regex(/^age1[0-9a-z]+$/, 'is not an age recipient: write the public key, age1…')).default([]), {
    description: 'Encrypt every part for this age recipient, age1…; may be given several times. Any one of their identities reads it.',
    placeholder: 'RECIPIENT',
    environment: 'LIFEBOAT_ENCRYPT_TO',
  }),
  encryptToFile: option(text.optional(), {
    description: 'Encrypt for every recipient in this file too: one a line, and comments, as age -R reads it.',
    placeholder: 'FILE',
  }),
};

export const identityOptions = {
  identityFile: option(text.optional(), {
    description: 'The file with the age identity that opens an encrypted backup; it may hold several, and comments.',
    placeholder: 'FILE',
  }),
  identity: option(text.optional(), {
    description: 'The text of such a file.',
    placeholder: 'IDENTITY',
    environment: 'LIFEBOAT_AGE_IDENTITY',
    secret: true,
  }),
};

export const database = option(text, {
  description: "The database's name in the store.",
  placeholder: 'NAME',
});

export const whichBackup = option(text.default('latest'), {
  description: 'Which backup: its id, or latest.',
  placeholder: 'ID',
});

export const jobs = option(wholeNumber(1, 16).optional(), {
  description: 'How many parts are dumped or restored at once; as many as there are cores, and at most 4, unless given.',
  placeholder: 'N',
});

export const patterns = (description: string) => option(z.array(text).default([]), { description, placeholder: 'PATTERN' });
