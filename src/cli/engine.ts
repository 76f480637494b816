import { join } from 'node:path';
import type { Context } from '../context.ts';
import type { OptionsOf, VerbName } from '../options/verbs.ts';
import type { Style } from '../report/terminal/style.ts';

export interface Outcome {
  /** Plain JSON; its `ok`, when it has one, says whether the checks found nothing. */
  readonly result: object;
  readonly ok: boolean;
  readonly text: (style: Style, now: Date) => string;
}

/** Runs a verb. Each is loaded only when it is asked for: `list` must not wait for what only a drill needs. */
export function runVerb<V extends VerbName>(verb: V, options: OptionsOf<V>, context: Context): Promise<Outcome> {
  return ENGINE[verb](options, context);
}

const ENGINE: { readonly [V in VerbName]: (options: OptionsOf<V>, context: Context) => Promise<Outcome> } = {
  async preflight(options, context) {
    const { preflight } = await import('../preflight/preflight.ts');
    const result = await preflight(options, context);
    const { preflightText } = await import('../report/terminal/preflight.ts');
    return { result, ok: result.ok, text: (style) => preflightText(result, style) };
  },
  async backup(options, context) {
    const { backup } = await import('../backup/backup.ts');
    const result = await backup(options, context);
    const { backupText } = await import('../report/terminal/backup.ts');
    return { result, ok: result.ok, text: (style) => backupText(result, style) };
  },
  async restore(options, context) {
    const { restore } = await import('../restore/restore.ts');
    const result = await restore(options, context);
    const { restoreText } = await import('../report/terminal/restore.ts');
    return { result, ok: result.ok, text: (style) => restoreText(result, style) };
  },
  async drill(options, context) {
    const { drill } = await import('../drill/drill.ts');
    const result = await drill(options, context);
    const { drillText } = await import('../report/terminal/drill.ts');
    return { result, ok: result.ok, text: (style) => drillText(result, style) };
  },
  async watch(options, context) {
    const { watch } = await import('../watch/watch.ts');
    const result = await watch(options, context, null);
    const { watchText } = await import('../report/terminal/watch.ts');
    return { result, ok: result.ok, text: (style) => watchText(result, style) };
  },
  async prune(options, context) {
    const { prune } = await import('../retention/prune.ts');
    const result = await prune(options, context);
    const { pruneText } = await import('../report/terminal/prune.ts');
    return { result, ok: result.ok, text: (style) => pruneText(result, style) };
  },
  async copy(options, context) {
    const { copy } = await import('../copy/copy.ts');
    const result = await copy(options, context);
    const { copyText } = await import('../report/terminal/copy.ts');
    return { result, ok: result.ok, text: (style) => copyText(result, style) };
  },
  async verify(options, context) {
    const { verify } = await import('../verify/verify.ts');
    const result = await verify(options, context);
    const { verifyText } = await import('../report/terminal/verify.ts');
    return { result, ok: result.ok, text: (style) => verifyText(result, style) };
  },
  async reindex(options, context) {
    const { reindex } = await import('../indexes/repair/reindex.ts');
    const result = await reindex(options, context);
    const { reindexText } = await import('../report/terminal/reindex.ts');
    return { result, ok: result.ok, text: (style) => reindexText(result, style) };
  },
  async indexes(options, context) {
    const { indexes } = await import('../indexes/indexes.ts');
    const result = await indexes(options, context);
    const { indexesText } = await import('../report/terminal/indexes.ts');
    return { result, ok: result.ok, text: (style) => indexesText(result, style) };
  },
  async list(options, context) {
    const { list } = await import('../catalog/list.ts');
    const result = await list(options, context);
    const { listText } = await import('../report/terminal/list.ts');
    return { result, ok: result.ok, text: (style, now) => listText(result, style, now) };
  },
  async show(options, context) {
    const { show } = await import('../catalog/list.ts');
    const result = await show(options, context);
    const { showText } = await import('../report/terminal/show.ts');
    return { result, ok: true, text: (style, now) => showText(result, style, now) };
  },
  async 'rotate-recipients'(options, context) {
    const { rotateRecipients } = await import('../rotation/rotate-recipients.ts');
    const result = await rotateRecipients(options, context);
    const { rotateRecipientsText } = await import('../report/terminal/rotate-recipients.ts');
    return { result, ok: result.ok, text: (style) => rotateRecipientsText(result, style) };
  },
  async keygen(options) {
    const { keygen } = await import('../keygen/keygen.ts');
    const result = await keygen(options);
    const { keygenText } = await import('../report/terminal/keygen.ts');
    return { result, ok: true, text: (style) => keygenText(result, style) };
  },
  async 'game-day'(options, context) {
    const { prepareGameDay } = await import('../game-day/prepare.ts');
    const now = new Date();
    const preparation = await prepareGameDay(
      options,
      { runbooksUrl: 'runbooks', shipped: [join(import.meta.dirname, '../../runbooks/drills')] },
      now,
      context,
    );
    const { gameDayPage } = await import('../game-day/page.ts');
    return { result: preparation, ok: true, text: () => `# Game day: ${preparation.day.title}\n\n${gameDayPage(preparation, now)}\n` };
  },
  async matrix(options, context) {
    const { matrix } = await import('../matrix/matrix.ts');
    const result = await matrix(options, context);
    const { matrixText } = await import('../report/terminal/matrix.ts');
    return { result, ok: true, text: (style) => matrixText(result, style) };
  },
};
