import type { Annotation } from './commands.ts';

/** What a stand-in for a remote action is given, as the action itself would find it. */
export interface StandInCall {
  readonly uses: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly workspace: string;
  readonly log: (line: string) => void;
}

export interface StandInEnd {
  readonly outputs?: Readonly<Record<string, string>>;
  /** Set for every later step of the job, as core.exportVariable does. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Plays the part of an action that cannot run here; it fails by throwing. */
export type StandIn = (call: StandInCall) => Promise<StandInEnd | undefined>;

export type Inputs = Readonly<Record<string, string | boolean | number>>;

/** Everything around a run that GitHub would provide. */
export interface World {
  /** Owner and name of the repository that the run belongs to. */
  readonly caller: string;
  /** Of the one that its workflows come from, which is where `uses: owner/name/.github/workflows/…` leads. */
  readonly home: string;
  /** The text of a workflow of `home`, by its path. */
  readonly readWorkflow: (path: string) => Promise<string>;
  readonly event: 'schedule' | 'workflow_dispatch' | 'workflow_call' | 'push' | 'issue_comment' | 'issues';
  /** What `github.event` holds, and the file of GITHUB_EVENT_PATH. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Which cron expression started it; `github.event.schedule`. */
  readonly schedule: string | null;
  readonly inputs: Inputs;
  readonly secrets: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  /** Secrets that only a job with this environment gets, once somebody has approved it. */
  readonly environments: Readonly<Record<string, { readonly secrets: Readonly<Record<string, string>>; readonly approved: boolean }>>;
  /** By owner/name, owner/name/path or ./path, without what follows the @. */
  readonly standIns: Readonly<Record<string, StandIn>>;
  readonly apiUrl: string;
  /** `github.token`. */
  readonly token: string;
  /** What the machine itself gives to every process. */
  readonly machine: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface StepRun {
  readonly name: string;
  readonly id: string;
  /** Before and after continue-on-error. */
  readonly outcome: 'success' | 'failure' | 'skipped' | 'cancelled';
  readonly conclusion: 'success' | 'failure' | 'skipped' | 'cancelled';
  readonly outputs: Readonly<Record<string, string>>;
}

export interface JobRun {
  readonly id: string;
  readonly matrix: Readonly<Record<string, unknown>> | null;
  readonly result: 'success' | 'failure' | 'skipped' | 'cancelled';
  readonly outputs: Readonly<Record<string, string>>;
  readonly steps: readonly StepRun[];
  readonly environment: string | null;
  readonly concurrency: { readonly group: string; readonly cancelInProgress: boolean } | null;
  readonly summary: string;
  readonly annotations: readonly Annotation[];
  /** What GitHub would show, with every mask replaced. */
  readonly log: string;
  /** The same before masking, for tests that look for secrets. */
  readonly unmasked: string;
  /** Where the job worked; still there for a test to look into. */
  readonly workspace: string;
}

export interface WorkflowRun {
  readonly result: JobRun['result'];
  readonly jobs: readonly JobRun[];
}
