import { LifeboatError } from '../errors.ts';
import type { Manifest } from '../format/manifest.ts';
import { displayName } from '../postgres/identifiers.ts';
import type { Occupant } from '../postgres/occupants.ts';
import type { TableChoice } from './tables.ts';

/** What was found at the target before anything was written. */
export interface TargetFacts {
  readonly database: string;
  readonly systemIdentifier: string | null;
  /** Tables, views and sequences that are there already. */
  readonly occupants: readonly Occupant[];
  readonly roles: readonly string[];
  readonly availableExtensions: readonly string[];
}

export interface Intentions {
  readonly confirm: string | undefined;
  readonly clean: boolean;
  readonly noOwner: boolean;
  readonly overTheSource: boolean;
  readonly dryRun: boolean;
  readonly tables: TableChoice | null;
}

/** Every reason to refuse, the most dangerous first; empty when the restore may go ahead. */
export function reasonsToRefuse(manifest: Manifest, target: TargetFacts, intentions: Intentions): LifeboatError[] {
  return [
    cleanForTables(intentions),
    targetIsSource(manifest, target, intentions),
    targetNotEmpty(target, intentions),
    wrongConfirmation(target, intentions),
    missingExtensions(manifest, target, intentions),
    missingRoles(manifest, target, intentions),
  ].filter((reason) => reason !== null);
}

/** Whoever wants one table back does not expect to lose all others for it. */
function cleanForTables({ clean, tables }: Intentions): LifeboatError | null {
  if (!clean || tables === null) return null;
  return new LifeboatError(
    'bad-option',
    '--clean would empty the whole target, and --table restores only some of it.',
    'Leave out --clean, and rename the table that is there first (ALTER TABLE … RENAME TO …); or leave out --table to restore everything.',
  );
}

function targetIsSource(manifest: Manifest, target: TargetFacts, { overTheSource }: Intentions): LifeboatError | null {
  const { systemIdentifier, database } = manifest.source;
  if (overTheSource || systemIdentifier === null || systemIdentifier !== target.systemIdentifier || database !== target.database) return null;
  return new LifeboatError(
    'target-is-source',
    `The target is ${database} itself, the database that this backup was taken from.`,
    'Restore into a new database beside it and compare; --over-the-source does it all the same.',
    { details: { systemIdentifier } },
  );
}

function targetNotEmpty(target: TargetFacts, { clean, tables }: Intentions): LifeboatError | null {
  if (clean) return null;
  const chosen = tables === null ? null : new Set([...tables.tables, ...tables.parents, ...tables.sequences].map(displayName));
  const inTheWay = target.occupants.map(displayName).filter((name) => chosen === null || chosen.has(name));
  if (inTheWay.length === 0) return null;
  const some = inTheWay.slice(0, 5).join(', ');
  return new LifeboatError(
    'target-not-empty',
    `The target ${target.database} already holds ${inTheWay.length > 5 ? `${some} and ${inTheWay.length - 5} more` : some}.`,
    tables === null
      ? 'Restore into an empty database (CREATE DATABASE … TEMPLATE template0), or let --clean empty this one first.'
      : 'Rename the table that is there (ALTER TABLE … RENAME TO …), or restore into an empty database and copy from it.',
    { details: { occupants: inTheWay.slice(0, 100) } },
  );
}

function wrongConfirmation(target: TargetFacts, { confirm, dryRun }: Intentions): LifeboatError | null {
  if (confirm === target.database || (dryRun && confirm === undefined)) return null;
  return new LifeboatError(
    'wrong-confirmation',
    confirm === undefined ? 'The restore was not confirmed.' : `--confirm says ${confirm}, and the target is ${target.database}.`,
    `If ${target.database} is what you want to restore into, add --confirm ${target.database}.`,
  );
}

function missingExtensions(manifest: Manifest, target: TargetFacts, { tables }: Intentions): LifeboatError | null {
  if (tables !== null) return null;
  const missing = manifest.extensions.filter((extension) => !target.availableExtensions.includes(extension.name)).map((extension) => extension.name);
  if (missing.length === 0) return null;
  return new LifeboatError(
    'extension-missing',
    `The target's server does not offer ${missing.join(', ')}, which this backup needs.`,
    "Install the extension's package on that server, or enable it in the provider's console, then restore again.",
    { details: { extensions: missing } },
  );
}

function missingRoles(manifest: Manifest, target: TargetFacts, { noOwner }: Intentions): LifeboatError | null {
  if (noOwner) return null;
  const missing = manifest.roles.filter((role) => !target.roles.includes(role));
  if (missing.length === 0) return null;
  return new LifeboatError(
    'role-missing',
    `The target's server has no role ${missing.join(', ')}, which this backup grants to or makes an owner.`,
    'Create them (the backup’s globals.sql.zst has the statements), or restore without owners and grants: --no-owner.',
    { details: { roles: missing } },
  );
}
