/** Everything that a person fills in, the same on all pages, with what it stands for. */
export const PLACEHOLDERS = {
  CLONE: 'the folder with your clone of pg-lifeboat; none yet? git clone the copy that your workflows name behind uses:',
  HOST: "the database server's host name or address",
  PORT: "the server's port, mostly 5432; never that of a transaction pooler",
  USER: 'a role that may create databases: the owner of the database or an administrator',
  PASSWORD: 'its password, as it is: nothing needs to be percent-encoded',
  DATABASE: 'the name of the database, on the server and in the store',
  TABLE: 'a table with its schema: public.orders',
  INDEX: 'an index with its schema: public.orders_pkey',
  STORE: 'where the backups are: s3://bucket/prefix or file:///folder',
  BACKUP: "a backup's id, as list prints it: 20261120T020013Z-3f9a",
  SECOND_STORE: 'where the second copy of the backups is, written like STORE',
  SECOND_REGION: 'REGION of the second copy',
  SECOND_ENDPOINT: 'ENDPOINT of the second copy',
  SECOND_KEY_ID: 'KEY_ID of the second copy',
  SECOND_KEY_SECRET: 'KEY_SECRET of the second copy',
  ROLE: 'a role of the database server: the one whose password leaked',
  GOOD_RECIPIENT: 'the age recipient, age1…, of an identity that is neither lost nor leaked',
  IDENTITY: 'the age identity that opens encrypted backups, AGE-SECRET-KEY-1…; nothing when they are not encrypted',
  REGION: "the bucket's region; auto for Cloudflare R2",
  ENDPOINT: 'the address of an S3 server that is not Amazon; nothing for Amazon S3',
  KEY_ID: 'the access key id for the bucket',
  KEY_SECRET: 'its secret',
} as const;

export type Placeholder = keyof typeof PLACEHOLDERS;
export type Values = Partial<Readonly<Record<Placeholder, string>>>;

/** The names of the placeholders in a text, whether they are known or not. */
export function placeholdersIn(text: string): string[] {
  return [...new Set([...text.matchAll(/<([A-Z][A-Z_]+)>/g)].map(([, name = '']) => name))];
}

/** Puts values in. Throws when a value is lacking. */
export function fillIn(text: string, values: Values): string {
  return text.replaceAll(/<([A-Z][A-Z_]+)>/g, (whole, name: Placeholder) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the scenario has no value for ${whole}`);
    return value;
  });
}
