import { setSecret } from '@actions/core';
import { keyVariables } from '../options/copies.ts';
import type { OptionDescription } from '../options/describe.ts';
import { collectSecrets, type Secrets } from '../shell/secrets.ts';
import type { Commands } from './commands.ts';
import { inputVariable } from './inputs.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Masks every secret that this run was given, before anything else is printed: the runner keeps masked text out of the log from then on. */
export function maskSecrets(inputs: readonly OptionDescription[], environment: Environment): Secrets {
  const secrets = collectSecrets([], environment);
  for (const { flag, meta } of inputs) {
    const value = environment[inputVariable(flag)] ?? '';
    if (meta.secret) for (const whole of [value, value.trim()]) secrets.addWhole(whole);
    if (meta.secret) secrets.add(value);
  }
  for (const [name, value = ''] of Object.entries(environment)) if (HOLDS_KEY.test(name)) secrets.addWhole(value);
  for (const secret of secrets.all()) setSecret(secret);
  return secrets;
}

/** The same for the keys of stores for copies, in variables that only lifeboat.yml names. */
export function maskKeys(options: object | null, environment: Environment, secrets: Secrets, commands: Commands): void {
  const values = keyVariables(options ?? {}).flatMap((name) => environment[name] || []);
  for (const value of values) secrets.addWhole(value);
  if (values.length === 0) return;
  commands.issue(() => {
    for (const value of values) setSecret(value);
  });
}

/** Not the names of files, addresses and roles that end in another word: AWS_WEB_IDENTITY_TOKEN_FILE; nor a public key. */
const HOLDS_KEY = /^(?!LIFEBOAT_PUBLIC_KEY$)(?:AWS|LIFEBOAT)_(?:.*_)?(?:KEY|KEY_ID|SECRET|TOKEN|PASSWORD|PASSPHRASE|IDENTITY)$/;
