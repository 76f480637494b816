import type { Manifest } from '../format/manifest.ts';
import type { Check } from '../format/proof.ts';
import type { DrillOptions } from '../options/drill.ts';
import { profileOf } from '../providers/detect.ts';
import { isProvider, type Profile } from '../providers/profiles.ts';

/** The profile that a drill goes by: the one asked for, or that of the provider which the backup was taken at. */
export function drillProfile({ source }: Pick<Manifest, 'source'>, { profile }: Pick<DrillOptions, 'profile'>): Profile | null {
  return profileOf(profile, isProvider(source.provider) ? source.provider : null);
}

/** What a drill at any other place leaves unsaid of a provider's database. Pure. */
export function unprovenByProfile({ roles, extensions }: Pick<Manifest, 'roles' | 'extensions'>, profile: Profile | null): Check['skipped'] {
  if (profile === null) return [];
  const reason = `a role of ${profile.title}: scratch has one of that name, without its rights, memberships and settings`;
  const managed = roles.filter((role) => profile.roles.test(role)).map((role) => ({ object: `role ${role}`, reason }));
  const kept = extensions.flatMap(({ name }) => {
    const why = profile.unproven[name];
    return why === undefined ? [] : [{ object: `extension ${name}`, reason: why }];
  });
  return [...managed, ...kept];
}
