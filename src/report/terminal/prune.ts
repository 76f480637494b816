import { lockedText } from '../../retention/policy.ts';
import type { PruneResult } from '../../retention/prune.ts';
import { age, bytes, count, shortened, visible } from '../format.ts';
import { pruneHeadline } from '../headline.ts';
import { paintState } from './list.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_ROWS = 200;
const LONGEST_WHY = 200;

/** What was deleted, or would be, then every backup with the reasons, what interrupted ones left, and what nobody looked at. */
export function pruneText(result: PruneResult, style: Style): string {
  const lines = [style.strong(visible(pruneHeadline(result)))];
  if (result.decisions.length > 0) lines.push('', ...decisionTable(result, style));
  if (result.orphans.length > 0) lines.push('', ...orphanTable(result, style));
  if (result.unreadable.length > 0) {
    lines.push(
      '',
      style.bad('Left alone, because the manifest cannot be read or is not trusted:'),
      ...named(result.unreadable.map(({ id, error }) => [id, error])),
    );
  }
  if (result.notExamined.length > 0) {
    lines.push('', style.doubtful('Not examined:'), ...named(result.notExamined.map(({ object, reason }) => [object, reason])));
  }
  if (result.versions) lines.push('', VERSIONS);
  if (!result.applied) lines.push('', 'To delete what is not kept, add --apply.');
  return lines.join('\n');
}

/** Why a backup is kept or deleted, in one line. */
export function whyOf(decision: PruneResult['decisions'][number]): string {
  if (decision.action === 'delete') return decision.why;
  return decision.reasons.map(({ rule, because }) => `${rule}: ${because}`).join('; ');
}

/** Of what an interrupted backup left. */
export function whyKept(lockedUntil: PruneResult['orphans'][number]['lockedUntil'], now: Date): string {
  const locked = lockedText(lockedUntil ?? null, now);
  return locked === null ? 'keep: it may be under way' : `keep: locked ${locked}`;
}

/** What a delete means in a bucket that keeps versions. */
export const VERSIONS =
  'The bucket keeps versions: a delete hides an object, and its space is free only once a lifecycle rule has removed the noncurrent version.';

function decisionTable({ decisions, at }: PruneResult, style: Style): string[] {
  const columns = [
    { title: 'BACKUP' },
    { title: 'AGE', align: 'right' },
    { title: 'STORED', align: 'right' },
    { title: 'PROOF' },
    { title: '' },
    { title: 'WHY' },
  ] as const;
  const now = new Date(at);
  const rows = decisions
    .slice(0, MOST_ROWS)
    .map((decision) => [
      decision.id,
      age(decision.at, now),
      bytes(decision.bytes),
      paintState(decision.state, style),
      decision.action === 'keep' ? 'keep' : style.bad('delete'),
      visible(shortened(whyOf(decision), LONGEST_WHY)),
    ]);
  return [...table(columns, rows, style), ...more(decisions)];
}

function orphanTable({ orphans, at }: PruneResult, style: Style): string[] {
  const columns = [
    { title: 'LEFT BY AN INTERRUPTED ONE' },
    { title: 'AGE', align: 'right' },
    { title: 'STORED', align: 'right' },
    { title: '' },
  ] as const;
  const now = new Date(at);
  const rows = orphans
    .slice(0, MOST_ROWS)
    .map(({ kind, key, since, bytes: size, action, lockedUntil }) => [
      `${kind} ${visible(key)}`,
      age(since, now),
      size === null ? '–' : bytes(size),
      action === 'keep' ? whyKept(lockedUntil, now) : style.bad('delete'),
    ]);
  return [...table(columns, rows, style), ...more(orphans)];
}

function named(all: readonly (readonly [string, string])[]): string[] {
  return [...all.slice(0, MOST_ROWS).map(([name, text]) => `  ${visible(name)}: ${visible(text)}`), ...more(all)];
}

function more(all: readonly unknown[]): string[] {
  return all.length > MOST_ROWS ? [`and ${count(all.length - MOST_ROWS)} more`] : [];
}
