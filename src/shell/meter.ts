import type { Progress } from '../context.ts';
import { bytes, count, rate, seconds } from '../report/format.ts';

interface Sample {
  readonly at: number;
  readonly done: number;
}

interface Phase {
  progress: Progress;
  /** The last ten seconds, for the rate. */
  samples: Sample[];
}

export interface Meter {
  update(progress: Progress): void;
  /** One line for the phases that are under way; empty when none is. */
  line(): string;
}

const WINDOW_MS = 10_000;
const SAMPLE_MS = 250;
/** A phase that has not been heard of for so long is over, or it would have said so. */
const SILENT_MS = 15_000;

/** Turns progress into percentages, rates and times to go. Several phases may run side by side. */
export function createMeter(now: () => number): Meter {
  const phases = new Map<string, Phase>();
  return {
    update(progress) {
      const at = now();
      const phase = phases.get(progress.phase);
      if (phase === undefined || progress.done < phase.progress.done) {
        phases.set(progress.phase, { progress, samples: [{ at, done: progress.done }] });
        return;
      }
      phase.progress = progress;
      const last = phase.samples.at(-1);
      if (last === undefined || at - last.at >= SAMPLE_MS) phase.samples.push({ at, done: progress.done });
      while (phase.samples.length > 2 && at - (phase.samples[0]?.at ?? at) > WINDOW_MS) phase.samples.shift();
    },
    line() {
      const at = now();
      const underWay = [...phases.values()].filter(({ progress, samples }) => {
        const isOver = progress.total !== undefined && progress.done >= progress.total;
        return !isOver && at - (samples.at(-1)?.at ?? 0) < SILENT_MS;
      });
      return underWay.map((phase) => describe(phase, at)).join(' · ');
    },
  };
}

function describe({ progress: { phase, done, total, unit }, samples }: Phase, now: number): string {
  const amount = unit === 'bytes' ? bytes : count;
  const first = samples[0];
  const elapsed = first === undefined ? 0 : (now - first.at) / 1000;
  const gained = first === undefined ? 0 : done - first.done;
  const pieces = [total === undefined || total === 0 ? amount(done) : `${Math.floor((100 * done) / total)} %, ${amount(done)} of ${amount(total)}`];
  if (unit !== 'bytes') pieces[0] += ` ${unit}`;
  if (elapsed >= 0.5 && gained > 0) {
    pieces.push(rate(gained, elapsed, unit));
    if (total !== undefined) pieces.push(`${seconds(Math.ceil(((total - done) * elapsed) / gained))} left`);
  }
  return `${phase}: ${pieces.join(', ')}`;
}
