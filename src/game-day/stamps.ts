import { type Command, readCommands } from './command.ts';
import type { GameDay, Stamp, StepStamps } from './game-day.ts';

/** A comment on the issue, by somebody who may write to the repository. */
export interface StampingComment {
  readonly id: number;
  readonly by: string;
  /** ISO time. */
  readonly at: string;
  readonly text: string;
  /** An edited one stamps nothing: nobody could tell when its command was written. */
  readonly edited: boolean;
}

export interface Clock {
  /** As many as the game day has steps. */
  readonly steps: readonly StepStamps[];
  /** What was wrong with a command, by the id of its comment. */
  readonly problems: ReadonlyMap<number, readonly string[]>;
}

/**
 * Stamps all comments, in the order in which they were written. The first start and the first done of a step count: whoever runs this twice,
 * or after a run that was lost, gets the same.
 */
export function stampSteps({ steps }: Pick<GameDay, 'steps'>, comments: readonly StampingComment[]): Clock {
  const stamps: StepStamps[] = steps.map(() => ({ start: null, end: null, evidence: null }));
  const problems = new Map<number, string[]>();
  for (const comment of [...comments].sort((a, b) => a.at.localeCompare(b.at) || a.id - b.id)) {
    for (const command of readCommands(comment.text)) {
      const problem = comment.edited ? EDITED : apply(command, { at: comment.at, by: comment.by }, stamps);
      if (problem !== null) problems.set(comment.id, [...(problems.get(comment.id) ?? []), problem]);
    }
  }
  return { steps: stamps, problems };
}

const EDITED = 'A comment that was edited stamps nothing, since nobody can tell when its command was written. Write a new one.';

/** Changes `stamps`, or answers with why it does not. */
function apply(command: Command, stamp: Stamp, stamps: StepStamps[]): string | null {
  if ('problem' in command) return command.problem;
  const { step, event, evidence } = command;
  const before = stamps[step - 1];
  if (before === undefined) return `There is no step ${step}: this game day has ${stamps.length}.`;
  if (event === 'start') {
    if (before.start !== null) return `Step ${step} was started before, at ${before.start.at}. The first time counts.`;
    stamps[step - 1] = { ...before, start: stamp };
    return null;
  }
  if (before.start === null) return `Step ${step} was never started: write \`/lifeboat step ${step} start\` first.`;
  if (before.end !== null) return `Step ${step} was done before, at ${before.end.at}. The first time counts.`;
  stamps[step - 1] = { ...before, end: stamp, evidence };
  return null;
}
