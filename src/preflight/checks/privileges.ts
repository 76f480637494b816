import { displayName, quoteIdentifier } from '../../postgres/identifiers.ts';
import type { Relation } from '../../postgres/relations.ts';
import type { Profile } from '../../providers/profiles.ts';
import { counted } from '../../report/format.ts';
import { fail, type Judgement, judged, only, pass } from '../judgement.ts';

export interface PrivilegeFacts {
  readonly role: string;
  readonly serverMajor: number;
  readonly relations: readonly Relation[];
  /** Schemas of those that the role may not look into. */
  readonly closedSchemas: readonly string[];
  readonly profile: Profile | null;
}

/** Whether the role may read every table and sequence that a backup dumps, one by one. */
export function judgePrivileges({ role, serverMajor, relations, closedSchemas, profile }: PrivilegeFacts): Judgement {
  const needed = relations.filter((r) => (r.kind === 'r' || r.kind === 'p' || r.kind === 'S') && r.extension === null);
  const closed = needed.filter((r) => !r.readable);
  const says = `The role ${role} may read ${counted(needed.length - closed.length, 'table or sequence', 'tables and sequences')} of ${needed.length}.`;
  if (closed.length === 0) return pass(says);
  const name = quoteIdentifier(role);
  const schemas = closedSchemas.map((schema) => `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${name};`);
  const each = [...new Set(closed.map(({ schema }) => schema))].map(
    (schema) =>
      `GRANT SELECT ON ALL TABLES IN SCHEMA ${quoteIdentifier(schema)} TO ${name}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${quoteIdentifier(schema)} TO ${name};`,
  );
  const all = serverMajor >= 14 ? `GRANT pg_read_all_data TO ${name}; or, of these alone: ` : '';
  return judged(says, [
    fail(
      `The role ${role} may not read ${counted(closed.length, 'table or sequence', 'tables and sequences')}${closedSchemas.length === 0 ? '' : `, nor look into ${counted(closedSchemas.length, 'schema')} (${closedSchemas.join(', ')})`}.`,
      `${all}${[...schemas, ...each].join(' ')} ${leaveOut(closed, profile)}`,
      closed.map(displayName),
    ),
  ]);
}

/** What a provider manages, its customer may have no right to, nor any way to get one. */
function leaveOut(closed: readonly Relation[], profile: Profile | null): string {
  const managed = [...new Set(closed.map(({ schema }) => schema).filter((schema) => profile?.schemas.includes(schema)))];
  if (managed.length === 0) return 'Or leave them out with --exclude-table.';
  return `Or leave out what ${profile?.title} manages: ${managed.map((schema) => `--exclude-schema ${schema}`).join(' ')}.`;
}

export interface RowSecurityFacts {
  readonly role: string;
  readonly bypass: boolean;
  readonly relations: readonly Relation[];
}

/** Whether policies would hide rows from the role. pg_dump refuses such tables, and so does a backup. */
export function judgeRowSecurity({ role, bypass, relations }: RowSecurityFacts): Judgement {
  if (bypass) return pass(`No policy hides a row from the role ${role}.`);
  const guarded = relations.filter((r) => r.kind === 'r' && r.rowSecurity && r.leftOut === null);
  if (guarded.length === 0) return pass(`No table that a backup dumps has row-level security that concerns the role ${role}.`);
  return only(
    fail(
      `Row-level security would hide rows of ${counted(guarded.length, 'table')} from the role ${role}.`,
      `ALTER ROLE ${quoteIdentifier(role)} BYPASSRLS; or back up as the owner of the tables, or leave their rows out with --exclude-table-data.`,
      guarded.map(displayName),
    ),
  );
}
