import { redact, secretsOfUrl } from '../postgres/secrets.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Knows every secret that this run was given, and takes it out of whatever is about to be printed. */
export interface Secrets {
  /** A URL, of which the password is secret, and the whole if it has one; or several of them; or text with age identities in it. */
  add(value: string): void;
  /** A value that is nothing but a secret. */
  addWhole(value: string): void;
  /** A private key, and every line of it: a log is written line by line. */
  addKey(value: string): void;
  /** For messages. */
  hide(text: string): string;
  /** Every text in plain JSON data, keys too. */
  hideIn(value: unknown): unknown;
  /** For results: whole URLs and long passwords only, because a short one may also be the name of a table, and results are data. */
  hideInResult(value: unknown): unknown;
  /** Each form in which each of them could appear. */
  all(): readonly string[];
}

/** PEM, PKCS#8 of an Ed25519 key in base64, and base64 of PEM. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----|\bMC4CAQAwBQYDK2Vw|\bLS0tLS1CRUdJTiBQUklWQVRFIEtFWS/;
const SECRET_VARIABLES = ['PGPASSWORD', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'LIFEBOAT_COPY_SECRET_ACCESS_KEY'];
/** Wherever it stands: in a file's text, among comments. */
const AGE_KEY = /AGE-SECRET-KEY-[0-9A-Z-]+/gi;
const LONG = 8;
/** One letter or two are everywhere. */
const SHORTEST = 3;

/** Starts with what stands in the arguments and in the environment, before either is understood. */
export function collectSecrets(args: readonly string[], environment: Environment): Secrets {
  const known = new Set<string>();
  const remember = (secret: string) => {
    if (secret.length < SHORTEST) return;
    known.add(secret);
    known.add(JSON.stringify(secret).slice(1, -1));
  };
  const add = (value: string) => {
    for (const [key] of value.matchAll(AGE_KEY)) remember(key);
    const public_ = publicPieces(value);
    for (const secret of secretsOfUrl(value)) if (!public_.has(secret)) remember(secret);
  };
  const addKey = (value: string) => {
    remember(value.trim());
    const pem = /^\s*LS0tLS1/.test(value) ? Buffer.from(value, 'base64').toString() : value;
    for (const line of pem.split(/\\n|\r?\n/)) if (line.trim().length >= LONG && !/-----|^\s*#/.test(line)) remember(line.trim());
  };
  // several URLs in one value have white space between them
  const addEach = (value: string) => {
    for (const one of [value, ...value.split(/\s+/).filter((piece) => piece.includes('://'))]) add(one);
  };
  const all = () => [...known];
  const long = () => all().filter((secret) => secret.length >= LONG);
  for (const value of Object.values(environment)) for (const [key] of (value ?? '').matchAll(AGE_KEY)) remember(key);
  for (const arg of args) addEach(arg.replace(/^--[\w-]+=/, ''));
  for (const value of Object.values(environment)) if (value !== undefined && /^\s*[a-z][a-z0-9+.-]*:\/\//i.test(value)) addEach(value);
  for (const value of [...args, ...Object.values(environment)]) if (value !== undefined && PRIVATE_KEY.test(value)) addKey(value);
  for (const name of SECRET_VARIABLES) remember(environment[name] ?? '');
  return {
    add: addEach,
    addWhole: remember,
    addKey,
    all,
    hide: (text) => redact(text, all()),
    hideIn: (value) => mapText(value, (text) => redact(text, all())),
    hideInResult: (value) => mapText(value, (text) => redact(text, long())),
  };
}

/** User, host and database are printed as what they are: a password that equals one of them cannot be told from it. */
function publicPieces(url: string): Set<string> {
  if (!URL.canParse(url)) return new Set();
  const { username, hostname, pathname } = new URL(url);
  return new Set([username, hostname, pathname.slice(1)]);
}

function mapText(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((item) => mapText(item, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [map(key), mapText(item, map)]));
}
