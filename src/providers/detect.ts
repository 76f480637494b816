import { PROFILES, PROVIDERS, type Profile, type Provider } from './profiles.ts';

export interface ProviderFacts {
  /** As the URL names it; a socket's folder for a local one. */
  readonly host: string;
  readonly roles: readonly string[];
  readonly schemas: readonly string[];
  readonly settings: readonly string[];
}

/** `auto`: as it was detected. `none`: a plain Postgres, whatever was detected. */
export type ProfileChoice = Provider | 'auto' | 'none';

/** Who runs a server: by its host's name, else by what only they have. `null` for a plain Postgres. Pure. */
export function detectProvider({ host, roles, schemas, settings }: ProviderFacts): Provider | null {
  const byHost = PROVIDERS.find((provider) => PROFILES[provider].hosts.test(host));
  if (byHost !== undefined) return byHost;
  const hasMarks = ({ marks }: Profile) =>
    marks.settings.some((setting) => settings.includes(setting)) ||
    (marks.roles.every((role) => roles.includes(role)) && marks.schemas.every((schema) => schemas.includes(schema)));
  return PROVIDERS.find((provider) => hasMarks(PROFILES[provider])) ?? null;
}

/** The profile to go by. Pure. */
export function profileOf(choice: ProfileChoice, detected: Provider | null): Profile | null {
  if (choice === 'none') return null;
  const provider = choice === 'auto' ? detected : choice;
  return provider === null ? null : PROFILES[provider];
}

/** What detection asks a server for. */
export const MARKS = {
  roles: PROVIDERS.flatMap((provider) => PROFILES[provider].marks.roles),
  schemas: PROVIDERS.flatMap((provider) => PROFILES[provider].marks.schemas),
  settings: PROVIDERS.flatMap((provider) => PROFILES[provider].marks.settings),
};
