import { z } from 'zod';
import { LOCK_MODES } from '../storage/store.ts';
import { option, wholeNumber } from './define.ts';
import { privateKey, publicKeys } from './keys.ts';

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

/** Whose signatures count. Of every verb that reads backups, and of all of lifeboat.yml. */
export const trustOptions = {
  publicKey: option(publicKeys().default([]), {
    description:
      'Trust only what is signed for this Ed25519 public key: PEM, or its base64 in one line. Several may be given, while one key takes over from another.',
    placeholder: 'KEY',
    environment: 'LIFEBOAT_PUBLIC_KEY',
    unquoted: true,
  }),
};

/** What lifeboat.yml says once for every verb. */
export const sharedOptions = { ...storeOptions, ...trustOptions };

export const signingKey = option(privateKey().optional(), {
  description: 'Sign with this Ed25519 private key: PEM, or its base64 in one line. Better in the variable than on a command line, which others see.',
  placeholder: 'KEY',
  environment: 'LIFEBOAT_SIGNING_KEY',
  secret: true,
});

/** How what is written to a store is locked there. */
export const lockOptions = {
  lockDays: option(wholeNumber(1, 36_500).optional(), {
    description: 'Lock every object of the backup for so many days, by S3 Object Lock: until then nobody can delete or change it.',
    placeholder: 'N',
  }),
  lockMode: option(z.enum(LOCK_MODES, 'is neither governance nor compliance').default('governance'), {
    description: 'governance: whoever has the right to bypass locks can lift this one. compliance: nobody can, not even the owner of the account.',
    placeholder: 'MODE',
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
