import type { Profile } from '../../providers/profiles.ts';
import { type Judgement, pass } from '../judgement.ts';

/** Whose the server is, and what of it is the provider's own. */
export function judgeProvider(profile: Profile | null, schemas: readonly string[], chosen: boolean): Judgement {
  if (profile === null)
    return pass(chosen ? 'It is taken for a plain Postgres, as --profile says.' : 'It is a plain Postgres: no provider has left a mark.');
  const managed = schemas.filter((schema) => profile.schemas.includes(schema));
  const list =
    managed.length === 0 ? '' : ` Schemas ${managed.join(', ')} are managed by it: they are backed up, and a restore there has to leave them out.`;
  return pass(`The server is ${profile.title}'s${chosen ? ', as --profile says' : ''}.${list}`);
}
