export interface ApiIssue {
  readonly number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  state_reason: string | null;
  readonly labels: { readonly name: string }[];
  readonly created_at: string;
  updated_at: string;
  readonly html_url: string;
  /** What makes an issue a pull request. */
  readonly pull_request?: object;
}

export interface ApiComment {
  readonly id: number;
  readonly issue: number;
  readonly body: string;
  readonly user: { readonly login: string };
  readonly created_at: string;
  readonly updated_at: string;
}

export interface ApiPull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly html_url: string;
  readonly head: { readonly ref: string };
  readonly base: { readonly ref: string };
  state: 'open' | 'closed';
}

export interface ApiWorkflow {
  readonly id: number;
  readonly name: string;
  readonly path: string;
  state: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface ApiRun {
  readonly id: number;
  readonly workflow_id: number;
  readonly event: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly created_at: string;
  readonly run_started_at: string;
}

export type Access = 'none' | 'read' | 'write';

/** Everything it keeps: tests may read and change it as they like. */
export interface GitHubState {
  readonly repository: string;
  readonly defaultBranch: string;
  /** The only token that it takes. */
  readonly token: string;
  readonly permissions: { issues: Access; actions: Access; contents: Access; pulls: Access };
  issuesEnabled: boolean;
  readonly labels: { name: string; color: string; description: string }[];
  readonly issues: ApiIssue[];
  readonly comments: ApiComment[];
  /** What people may do, by their names; everybody else reads. */
  readonly collaborators: Record<string, 'read' | 'write' | 'admin'>;
  /** Files of the branches beside the default one: what was there when they were made, and what was put since. */
  readonly branches: Map<string, Map<string, string>>;
  readonly pulls: ApiPull[];
  /** The setting that lets a job's token make pull requests. */
  mayMakePulls: boolean;
  readonly workflows: ApiWorkflow[];
  readonly runs: ApiRun[];
  /** Files of the default branch, by path. */
  readonly files: Map<string, string>;
  /** Answers that the next requests get instead, whatever they ask. */
  readonly faults: { readonly status: number; readonly headers?: Record<string, string>; readonly message?: string }[];
  /** Every request, in order: `POST /repos/octo/shop/issues`. */
  readonly requests: string[];
  /** Called with each request before it is answered: where a test lets another run come in between. */
  before: (request: string) => void | Promise<void>;
}
