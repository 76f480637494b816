/** What a game day's issue remembers of how it was opened; the stamps are read from its comments, again and again. */
export interface GameDay {
  /** Name of the scenario's file, without `.yml`. */
  readonly scenario: string;
  readonly title: string;
  readonly database: string | null;
  /** ISO time. */
  readonly openedAt: string;
  readonly targets: { readonly rtoSeconds: number; readonly rpoSeconds: number };
  readonly steps: readonly { readonly title: string; readonly recovered: boolean }[];
  /** Of the newest backup when the issue was opened; `null` where nobody could look. */
  readonly snapshotAt: string | null;
  /** Of the newest drill: seconds of its restore; `null` where there is none. */
  readonly drillSeconds: number | null;
}

export interface Stamp {
  /** ISO time at which the comment was written: a runner may start minutes later. */
  readonly at: string;
  readonly by: string;
}

export interface StepStamps {
  readonly start: Stamp | null;
  readonly end: Stamp | null;
  /** What the person noted; text from a comment. */
  readonly evidence: string | null;
}
