/** Something under way, told as it goes on. The shell decides how, how often and whether to show it. */
export interface Progress {
  /** What is going on: `backup`, `fetch and restore`, `verify`. */
  readonly phase: string;
  readonly done: number;
  /** Absent when nobody knows. */
  readonly total?: number;
  readonly unit: 'bytes' | 'rows' | 'indexes';
}

export interface Log {
  info(message: string): void;
  warn(message: string): void;
  /** What another program printed, line by line: shown as text, never interpreted. */
  output(program: string, line: string): void;
  progress(progress: Progress): void;
}

/** What every verb of the engine gets beside its options. The engine reads no global instead. */
export interface Context {
  readonly log: Log;
  /** Aborted with a LifeboatError as its reason. */
  readonly signal: AbortSignal;
  /** The environment that child programs inherit from, and where client programs are looked for. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const silentLog: Log = { info() {}, warn() {}, output() {}, progress() {} };
