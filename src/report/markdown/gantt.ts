import { seconds } from '../format.ts';

/** Phases one after the other as a Mermaid gantt, in a fence; nothing when there are none. */
export function gantt(phases: readonly { readonly name: string; readonly seconds: number }[]): string[] {
  if (phases.length === 0) return [];
  let at = 0;
  const bars = phases.map((phase) => {
    const start = at;
    // A bar of no length at all would stop the chart from being drawn.
    at += Math.max(1, Math.round(phase.seconds * 1000));
    return `    ${label(phase.name)} (${seconds(phase.seconds)}) :${start}, ${at}`;
  });
  const axis = at < 3_600_000 ? '%M:%S' : '%H:%M';
  return ['```mermaid', 'gantt', '    dateFormat x', `    axisFormat ${axis}`, ...bars, '```', ''];
}

/** Mermaid reads `:`, `;`, `#` and `%%` in a label as its own. */
function label(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N} -]/gu, ' ').trim() || 'phase';
}
