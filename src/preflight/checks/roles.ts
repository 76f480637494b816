import type { Profile } from '../../providers/profiles.ts';
import { counted } from '../../report/format.ts';
import { type Judgement, judged, unknown, warn } from '../judgement.ts';

export interface RoleFacts {
  /** Roles that a dump refers to. */
  readonly referredTo: readonly string[];
  /** Roles that own what only a superuser may own. */
  readonly superusers: readonly string[];
  /** Whether pg_dumpall gets the roles; its own sentence if not; `not-tried` without client programs. */
  readonly globals: 'readable' | 'not-tried' | { readonly unreadable: string };
  readonly profile: Profile | null;
}

/** Whether the roles are in the backup, and which of them a restore elsewhere has to find. */
export function judgeRoles({ referredTo, superusers, globals, profile }: RoleFacts): Judgement {
  const managed = profile === null ? [] : referredTo.filter((role) => profile.roles.test(role));
  const own = referredTo.filter((role) => !managed.includes(role));
  const ofProvider = managed.length === 0 ? '' : `, and ${counted(managed.length, 'role')} of ${profile?.title}`;
  const asSuperuser =
    superusers.length === 0 ? '' : ` On the target ${superusers.join(', ')} must be a superuser, to own event triggers and the like.`;
  const says = `The dump refers to ${counted(own.length, 'role')}${own.length === 0 ? '' : ` (${own.join(', ')})`}${ofProvider}.${asSuperuser}`;
  if (globals === 'readable') return judged(says, []);
  if (globals === 'not-tried')
    return judged(says, [unknown('Whether the roles can be dumped was not tried: there are no client programs that fit.')]);
  return judged(says, [
    warn(
      `The roles cannot be dumped, so a backup holds none: ${globals.unreadable}`,
      'Back up as a role that may read pg_roles and pg_auth_members, or keep the CREATE ROLE statements elsewhere.',
    ),
  ]);
}
