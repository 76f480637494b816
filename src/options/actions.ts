import { z } from 'zod';
import { option } from './define.ts';
import { describeOptions, type OptionDescription } from './describe.ts';
import { setupPostgresSettings } from './setup-postgres.ts';
import { VERBS, type VerbName } from './verbs.ts';

export interface Action {
  /** What action.yml calls it. */
  readonly title: string;
  readonly description: string;
  /** https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax#branding */
  readonly branding: { readonly icon: string; readonly color: string };
  /** The verb behind it; `null` for an action that is no verb, whose inputs are all in `settings`. */
  readonly verb: VerbName | null;
  /** Options of the verb that make no sense on a runner. */
  readonly without?: readonly string[];
  /** What the action takes beside its verb's options. */
  readonly settings: z.ZodObject;
  /** Name and description. */
  readonly outputs: Readonly<Record<string, string>>;
}

const text = z.string().min(1, 'is empty');

const config = {
  config: option(text.optional(), {
    description: 'Read options from this file; lifeboat.yml in the workspace when there is one.',
    placeholder: 'FILE',
  }),
};

const followUp = {
  issue: option(z.boolean().default(true), {
    description: 'Open an issue on failure, keep it up to date, and close it on recovery. Needs the permission issues: write.',
  }),
  githubToken: option(text.optional(), {
    description: 'The token that opens and closes the issue.',
    placeholder: 'TOKEN',
    expression: 'github.token',
    secret: true,
  }),
  notifyUrl: option(text.optional(), {
    description: 'Post a message to this webhook on failure and on recovery: Slack, Discord, Teams, or plain JSON for any other host.',
    placeholder: 'URL',
    secret: true,
  }),
  heartbeatUrl: option(text.optional(), {
    description: 'Fetch this address after every success, so that somebody else notices when it stops.',
    placeholder: 'URL',
    secret: true,
  }),
};

/** Every action under actions/, by its folder's name: action.yml and the reference are made from this and from the verb's own schema. */
export const ACTIONS = {
  preflight: {
    title: 'Lifeboat preflight',
    description: 'Say before the first night what would fail, on the database and on the store, each with its remedy.',
    branding: { icon: 'clipboard', color: 'blue' },
    verb: 'preflight',
    settings: z.strictObject(config),
    outputs: {
      ok: 'true when nothing failed, else false; warnings may be there all the same.',
      verdict: 'The worst of all checks: pass, warn, fail or not-run.',
      failed: 'How many checks failed.',
      warnings: 'How many checks warn.',
      'not-run': 'How many checks could not be made.',
    },
  },
  backup: {
    title: 'Lifeboat backup',
    description: 'Back up a Postgres database to S3, R2 or a folder, every table, count and checksum in one snapshot.',
    branding: { icon: 'life-buoy', color: 'blue' },
    verb: 'backup',
    settings: z.strictObject({ ...config, ...followUp }),
    outputs: {
      'backup-id': "The backup's id, like 20261120T020013Z-3f9a.",
      manifest: "Key of the backup's manifest in the store.",
      bytes: 'Bytes stored, after compression.',
      rows: 'Rows in all tables, counted in the snapshot.',
      'snapshot-at': 'When the snapshot was taken, in UTC.',
      copies: 'JSON: for each store with copies its storage, and whether ok: it has everything that it should. Also where the action fails over one.',
    },
  },
  drill: {
    title: 'Lifeboat drill',
    description: 'Restore a backup into a throwaway Postgres and prove that every table, row, sequence and index came back.',
    branding: { icon: 'check-circle', color: 'green' },
    verb: 'drill',
    // Scratch is a child of the action, and the job would wait for it.
    without: ['keep'],
    settings: z.strictObject({ ...config, ...followUp }),
    outputs: {
      ok: 'true when the backup is proven and both targets are met, else false.',
      proof: "Key of the drill's proof in the store.",
      'rto-seconds': 'How long the restore took, in seconds.',
      'rpo-seconds': 'How old the backup was when the drill began, in seconds.',
      findings: 'How many things the checks found.',
    },
  },
  restore: {
    title: 'Lifeboat restore',
    description: 'Restore a backup, or some of its tables, into a database that is named twice.',
    branding: { icon: 'rotate-ccw', color: 'orange' },
    verb: 'restore',
    settings: z.strictObject(config),
    outputs: {
      target: 'The database that was restored into and its host, without credentials.',
      rows: 'Rows counted in the target after the restore; with dry-run, those that the backup holds.',
      backup: "The backup's id, also where the input says latest.",
    },
  },
  watch: {
    title: 'Lifeboat watch',
    description: 'Fail when the newest backup or proof is too old, or when a workflow no longer runs on its schedule (needs actions: read).',
    branding: { icon: 'eye', color: 'purple' },
    verb: 'watch',
    settings: z.strictObject({ ...config, ...followUp }),
    outputs: {
      stale: 'true when the newest backup or the newest proof of a database is too old, or there is none, else false.',
      'newest-backup': 'When the newest backup was taken, in UTC; of several databases, where that is longest ago. Empty when there is none.',
      'newest-proof': 'When the newest proof was made, in UTC; of several databases, where that is longest ago. Empty when there is none.',
    },
  },
  prune: {
    title: 'Lifeboat prune',
    description: 'Delete old backups by a retention that trusts only proofs; unless apply is true, only say what would be deleted.',
    branding: { icon: 'scissors', color: 'yellow' },
    verb: 'prune',
    settings: z.strictObject({ ...config, ...followUp }),
    outputs: {
      applied: 'true when what is not kept was deleted, false when it was only said.',
      kept: 'How many backups are kept.',
      deleted: 'How many backups were deleted, or would be.',
      'deleted-bytes': 'How many bytes they and the leftovers of interrupted backups held.',
    },
  },
  copy: {
    title: 'Lifeboat copy',
    description: 'Copy the backups that another store lacks to it, with their proofs, every byte checked on the way.',
    branding: { icon: 'copy', color: 'green' },
    verb: 'copy',
    settings: z.strictObject({ ...config, ...followUp }),
    outputs: {
      ok: 'true when every store has everything that it should, else false.',
      copied: 'How many backups were copied, each store counted.',
      failed: 'How many could not be copied.',
      bytes: 'Bytes written to the other stores.',
    },
  },
  verify: {
    title: 'Lifeboat verify',
    description: 'Read every part of the backups and check its digests, without a database: bit rot found between drills.',
    branding: { icon: 'search', color: 'green' },
    verb: 'verify',
    settings: z.strictObject({ ...config, ...followUp }),
    outputs: {
      ok: 'true when every backup is intact, else false.',
      backups: 'How many backups were read to their end.',
      damaged: 'How many are damaged.',
      bytes: 'Bytes that were read.',
    },
  },
  'game-day': {
    title: 'Lifeboat game day',
    description: 'Open the issue of a game day, stamp the steps that people comment on it, and measure it when it is closed.',
    branding: { icon: 'flag', color: 'red' },
    verb: 'game-day',
    settings: z.strictObject({ ...config, githubToken: followUp.githubToken }),
    outputs: {
      issue: "The issue's number.",
      url: "The issue's address.",
      scenario: 'The name of the scenario.',
      'recovery-seconds': 'From the first start to the end of the step that brought the service back. Empty until it was reached.',
      'rto-met': 'Whether that was within the RTO. Empty until it was reached.',
      'rpo-met': 'Whether the newest backup was young enough at the first start. Empty where that is not known.',
    },
  },
  'index-report': {
    title: 'Lifeboat index-report',
    description: 'Report on the indexes of a database: bloat measured by the drill, duplicates, unused ones, and what else to act on.',
    branding: { icon: 'bar-chart-2', color: 'green' },
    verb: 'indexes',
    settings: z.strictObject({ ...config, ...followUp }),
    outputs: {
      findings: 'How many findings of the levels warn and act there are.',
      bloated: 'How many of them are bloated indexes.',
      'wasted-bytes': 'How many bytes a REINDEX of those would give back.',
      report: 'The folder with report.json, report.md, report.sql and report.svg. Empty when out was not given.',
    },
  },
  reindex: {
    title: 'Lifeboat reindex',
    description: 'Rebuild bloated indexes one at a time, without locking anybody out; unless apply is true, only say what would be rebuilt.',
    branding: { icon: 'refresh-cw', color: 'gray-dark' },
    verb: 'reindex',
    settings: z.strictObject(config),
    outputs: {
      reindexed: 'How many indexes were rebuilt, or would be.',
      'gained-bytes': 'How many bytes that gave back.',
      failed: 'How many indexes could not be rebuilt although that was begun.',
      leftovers: 'How many copies that runs before left are still there, and would be removed by a run that applies.',
      report: 'The report that the indexes were taken from; empty when they were named.',
    },
  },
  'rotate-recipients': {
    title: 'Lifeboat rotate-recipients',
    description: 'Encrypt existing backups for other recipients; unless apply is true, only say which.',
    branding: { icon: 'lock', color: 'yellow' },
    verb: 'rotate-recipients',
    settings: z.strictObject(config),
    outputs: {
      applied: 'true when backups were encrypted anew, false when it was only said which would be.',
      rotated: 'How many backups were encrypted anew, or would be.',
      already: 'How many were for these recipients already.',
      blocked: 'How many could not be read, and are as they were.',
      remaining: 'How many old objects could not be deleted.',
    },
  },
  'setup-postgres': {
    title: 'Lifeboat setup-postgres',
    description: 'Make client and server programs of a Postgres major ready, from the runner or from the PostgreSQL repository.',
    branding: { icon: 'download', color: 'gray-dark' },
    verb: null,
    settings: z.strictObject(setupPostgresSettings),
    outputs: {
      version: 'The version of the programs, like 17.11; of several, separated by spaces.',
      bindir: 'Their folder; of several, separated by colons, as in LIFEBOAT_PG_BINDIR.',
      'cache-path': 'Where downloaded packages are kept, for actions/cache. Empty when they are not.',
    },
  },
  matrix: {
    title: 'Lifeboat matrix',
    description: 'List the databases of lifeboat.yml as a matrix, one job for each.',
    branding: { icon: 'grid', color: 'blue' },
    verb: 'matrix',
    settings: z.strictObject({}),
    outputs: {
      matrix: 'JSON for `strategy.matrix`: database, and the names of the variables that hold its secrets.',
      databases: 'How many there are; 0 without a lifeboat.yml that names any.',
    },
  },
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof ACTIONS;
export type OutputsOf<A extends ActionName> = { readonly [Name in keyof (typeof ACTIONS)[A]['outputs']]: string | number | boolean };
export type SettingsOf<A extends ActionName> = Readonly<z.output<(typeof ACTIONS)[A]['settings']>>;

export const ACTION_NAMES = Object.keys(ACTIONS) as ActionName[];

/** Every input of an action: its verb's options, then its own. */
export function describeInputs(action: Action): OptionDescription[] {
  return [...describeVerbInputs(action), ...describeOptions(action.settings)];
}

export function describeVerbInputs({ verb, without = [] }: Action): OptionDescription[] {
  return verb === null ? [] : describeOptions(VERBS[verb].schema).filter(({ name }) => !without.includes(name));
}
