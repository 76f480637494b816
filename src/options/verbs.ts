import type { z } from 'zod';
import { backupOptions } from './backup.ts';
import { copyOptions } from './copy.ts';
import { drillOptions } from './drill.ts';
import { gameDayOptions } from './game-day.ts';
import { indexesOptions } from './indexes.ts';
import { keygenOptions } from './keygen.ts';
import { listOptions, showOptions } from './list.ts';
import { matrixOptions } from './matrix.ts';
import { preflightOptions } from './preflight.ts';
import { pruneOptions } from './prune.ts';
import { reindexOptions } from './reindex.ts';
import { restoreOptions } from './restore.ts';
import { rotateRecipientsOptions } from './rotate-recipients.ts';
import { verifyOptions } from './verify.ts';
import { watchOptions } from './watch.ts';

export interface Verb {
  /** One line, for the list of verbs. */
  readonly summary: string;
  readonly schema: z.ZodObject;
  /** Whether a database in lifeboat.yml may have a section of this name. */
  readonly configurable: boolean;
  /** What that section is called, where not as the verb is; it may then stand at the top too, for all databases. */
  readonly section?: string;
  /** Verbs whose sections it reads too, where its options are called as theirs: what it says is about them. Its own section goes before. */
  readonly borrows?: readonly string[];
}

/** Everything that pg-lifeboat can be asked to do: the command line, the actions and the reference are made from this. */
export const VERBS = {
  preflight: {
    summary: 'Say before the first night what would fail, on the database and on the store.',
    schema: preflightOptions,
    configurable: true,
    borrows: ['drill', 'backup', 'retention'],
  },
  backup: { summary: 'Back a database up to a store, in one snapshot.', schema: backupOptions, configurable: true },
  restore: { summary: 'Restore a backup, or some of its tables, into a database.', schema: restoreOptions, configurable: true },
  drill: { summary: 'Restore a backup into a throwaway Postgres and prove every row.', schema: drillOptions, configurable: true },
  watch: { summary: 'Look whether backups and proofs are as young as they have to be.', schema: watchOptions, configurable: true },
  prune: {
    summary: 'Delete old backups by a retention that trusts only proofs; without --apply, say what would be deleted.',
    schema: pruneOptions,
    configurable: true,
    section: 'retention',
  },
  copy: { summary: 'Copy the backups that another store lacks to it, every byte checked.', schema: copyOptions, configurable: false },
  verify: { summary: 'Read every part of the backups and check its digests, without a database.', schema: verifyOptions, configurable: false },
  indexes: {
    summary: 'Report on the indexes of a database: bloat measured by the drill, duplicates, unused ones, and what else a person should act on.',
    schema: indexesOptions,
    configurable: true,
    section: 'indexes',
  },
  reindex: {
    summary: 'Rebuild bloated indexes one at a time, without locking anybody out; without --apply, say what would be rebuilt.',
    schema: reindexOptions,
    configurable: true,
  },
  list: { summary: 'List the backups in a store, and which of them are proven.', schema: listOptions, configurable: false },
  show: { summary: 'Show one backup: what is in it, and its proofs.', schema: showOptions, configurable: false },
  'rotate-recipients': {
    summary: 'Encrypt existing backups for other recipients; without --apply, say which.',
    schema: rotateRecipientsOptions,
    configurable: false,
    // backups of old are to be for those whom new ones are for
    borrows: ['backup'],
  },
  keygen: { summary: 'Make a key pair: an age identity and its recipient.', schema: keygenOptions, configurable: false },
  'game-day': { summary: 'Print the page of a game day: people rehearsing a disaster with a runbook.', schema: gameDayOptions, configurable: false },
  matrix: { summary: 'Print the databases of lifeboat.yml as a matrix for GitHub workflows.', schema: matrixOptions, configurable: false },
} as const satisfies Record<string, Verb>;

export type VerbName = keyof typeof VERBS;
export type OptionsOf<V extends VerbName> = Readonly<z.output<(typeof VERBS)[V]['schema']>>;

/** The key of a verb's section in lifeboat.yml. */
export function sectionNameOf(verb: VerbName): string {
  const { section }: Verb = VERBS[verb];
  return section ?? verb;
}

export const VERB_NAMES = Object.keys(VERBS) as VerbName[];
