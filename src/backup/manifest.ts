import { MANIFEST_FORMAT, type Manifest, type ManifestPart, type ManifestSequence, type ManifestTable } from '../format/manifest.ts';
import { CHECKSUM_ALGORITHM } from '../postgres/checksum.ts';
import type { SequenceState } from '../postgres/inventory.ts';
import { DEFINITION_ALGORITHM } from '../postgres/objects.sql.ts';
import { holdsRows } from '../postgres/relations.ts';
import { TOOL } from '../tool.ts';
import type { Counts } from './count.ts';
import type { Groundwork, Inventory } from './inventory.ts';
import type { PlannedPart } from './plan.ts';
import type { BackupJob } from './take.ts';

export interface Findings {
  readonly id: string;
  readonly job: BackupJob;
  readonly groundwork: Groundwork;
  readonly plan: readonly PlannedPart[];
  readonly checksums: boolean;
  readonly parts: readonly ManifestPart[];
  readonly counts: Counts;
  readonly inventory: Inventory;
  /** As they were before the first pg_dump started, and when the last had ended. */
  readonly sequences: { readonly before: readonly SequenceState[]; readonly after: readonly SequenceState[] };
  readonly seconds: Manifest['seconds'];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Puts together what was found. Pure. */
export function assembleManifest(found: Findings): Manifest {
  const { snapshot, installation, selection } = found.job;
  return {
    format: MANIFEST_FORMAT,
    id: found.id,
    database: found.job.database,
    tool: TOOL,
    source: {
      ...found.groundwork.facts,
      pgDumpVersion: installation.client?.version ?? '',
      standby: snapshot.standby,
      provider: found.groundwork.provider,
    },
    snapshot: { at: snapshot.at.toISOString(), lsn: snapshot.lsn },
    selection,
    checksumAlgorithm: found.checksums ? CHECKSUM_ALGORITHM : null,
    definitionAlgorithm: DEFINITION_ALGORITHM,
    tables: tablesOf(found),
    sequences: sequencesOf(found.sequences.before, found.sequences.after),
    ...found.inventory,
    largeObjects: found.counts.largeObjects,
    parts: [...found.parts],
    recipients: [...found.job.recipients],
    seconds: found.seconds,
    runner: runnerOf(found.environment),
  };
}

function tablesOf({ job, groundwork, plan, counts }: Findings): ManifestTable[] {
  const named = new Map(
    plan.filter((part) => !part.catchAll).flatMap((part) => part.tables.map((table) => [JSON.stringify([table.schema, table.name]), part.name])),
  );
  const catchAll = plan.find((part) => part.catchAll)?.name ?? '';
  return job.snapshot.relations.filter(holdsRows).map((relation) => {
    const count = counts.tables.get(relation.oid);
    return {
      oid: relation.oid,
      schema: relation.schema,
      name: relation.name,
      rows: count?.rows ?? null,
      checksum: count?.checksum ?? null,
      bytes: groundwork.sizes.get(relation.oid) ?? 0,
      part: count === undefined ? null : (named.get(JSON.stringify([relation.schema, relation.name])) ?? catchAll),
      ...(relation.ancestors === null ? {} : { ancestors: [...relation.ancestors] }),
      ...(relation.movesWithin === null ? {} : { movesWithin: relation.movesWithin }),
      ...(relation.extension === null ? {} : { extension: relation.extension }),
    };
  });
}

function sequencesOf(before: readonly SequenceState[], after: readonly SequenceState[]): ManifestSequence[] {
  const later = new Map(after.map((state) => [JSON.stringify([state.schema, state.name]), state]));
  return before.map((state) => {
    const { value, called } = later.get(JSON.stringify([state.schema, state.name])) ?? state;
    return value === state.value && called === state.called ? state : { ...state, until: { value, called } };
  });
}

function runnerOf(environment: Findings['environment']): Manifest['runner'] {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run, GITHUB_WORKFLOW: workflow, GITHUB_SHA: commit } = environment;
  if (!server || !repository || !run) return null;
  return { workflow: workflow ?? '', runUrl: `${server}/${repository}/actions/runs/${run}`, commit: commit ?? '' };
}
