import type { GameDay, StepStamps } from './game-day.ts';

/** What a game day came to. */
export interface Totals {
  /** When its first step began; `null` when none did. */
  readonly startedAt: string | null;
  readonly done: number;
  readonly steps: number;
  /** From the first start to the end of the step that brought the service back; `null` when it was not reached. */
  readonly recoverySeconds: number | null;
  /** From the first start to the last end; `null` before any. */
  readonly totalSeconds: number | null;
  /** How old the newest backup was at the first start: what would have been lost; `null` when it is not known. */
  readonly lossSeconds: number | null;
  /** `null`: not known, and so not met. */
  readonly rtoMet: boolean | null;
  readonly rpoMet: boolean | null;
}

export function computeTotals(day: GameDay, stamps: readonly StepStamps[]): Totals {
  const starts = stamps.flatMap(({ start }) => (start === null ? [] : [Date.parse(start.at)]));
  const ends = stamps.flatMap(({ end }) => (end === null ? [] : [Date.parse(end.at)]));
  const began = starts.length === 0 ? null : Math.min(...starts);
  const recovered = stamps[day.steps.findIndex((step) => step.recovered)]?.end ?? null;
  const since = (time: number | null) => (began === null || time === null ? null : Math.max(0, Math.round((time - began) / 1000)));
  const recoverySeconds = since(recovered === null ? null : Date.parse(recovered.at));
  const lossSeconds = began === null || day.snapshotAt === null ? null : Math.max(0, Math.round((began - Date.parse(day.snapshotAt)) / 1000));
  return {
    startedAt: began === null ? null : new Date(began).toISOString(),
    done: ends.length,
    steps: stamps.length,
    recoverySeconds,
    totalSeconds: since(ends.length === 0 ? null : Math.max(...ends)),
    lossSeconds,
    rtoMet: recoverySeconds === null ? null : recoverySeconds <= day.targets.rtoSeconds,
    rpoMet: lossSeconds === null ? null : lossSeconds <= day.targets.rpoSeconds,
  };
}
