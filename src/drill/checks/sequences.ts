import type { ManifestSequence } from '../../format/manifest.ts';
import type { Check, Finding } from '../../format/proof.ts';
import { displayName } from '../../postgres/identifiers.ts';
import type { SequenceState } from '../../postgres/inventory.ts';
import type { Allowed } from '../allowed.ts';
import { ran } from './check.ts';

/**
 * Every sequence goes on where it was. One that was drawn from while the dump ran has to lie between what it held before and after: a
 * sequence is not part of any snapshot.
 */
export function checkSequences(source: readonly ManifestSequence[], restored: readonly SequenceState[], allowed: Allowed): Check {
  const byName = new Map(restored.map((sequence) => [displayName(sequence), sequence]));
  const findings: Finding[] = [];
  const skipped: Check['skipped'] = [];
  for (const sequence of source) {
    const object = displayName(sequence);
    const allowance = allowed.table(sequence) ?? (sequence.ownedBy === null ? null : allowed.table(sequence.ownedBy));
    const message = faultOf(sequence, byName.get(object));
    if (wrapped(sequence)) skipped.push({ object, reason: 'it started over while the dump ran' });
    else if (message !== null && allowance !== null) skipped.push({ object, reason: allowance });
    else if (message !== null) findings.push({ object, message });
    if (sequence.leftOut) skipped.push({ object, reason: 'its value was left out of the backup on purpose' });
  }
  const promised = new Set(source.map(displayName));
  for (const object of byName.keys()) if (!promised.has(object)) findings.push({ object, message: 'came back, and was not in the source' });
  return ran({ name: 'sequences', examined: source.length, findings, skipped });
}

function faultOf(source: ManifestSequence, restored: SequenceState | undefined): string | null {
  if (restored === undefined) return 'is not there';
  if (source.until === undefined) {
    const same = restored.value === source.value && restored.called === source.called;
    return same ? null : `holds ${restored.value}, and held ${source.value}`;
  }
  const [low, high] = source.ascending ? [source.value, source.until.value] : [source.until.value, source.value];
  const inside = BigInt(low) <= BigInt(restored.value) && BigInt(restored.value) <= BigInt(high);
  return inside ? null : `holds ${restored.value}, and moved from ${source.value} to ${source.until.value} while the dump ran`;
}

function wrapped(sequence: ManifestSequence): boolean {
  if (sequence.until === undefined) return false;
  const moved = BigInt(sequence.until.value) - BigInt(sequence.value);
  return sequence.ascending ? moved < 0n : moved > 0n;
}
