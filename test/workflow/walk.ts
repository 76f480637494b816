import type { Mapping, WorkflowFile } from './files.ts';

/** What is wrong with a workflow; nothing when nothing is. */
export type Rule = (file: WorkflowFile) => readonly string[];

export function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

export function jobsOf({ content }: WorkflowFile): { readonly id: string; readonly job: Mapping }[] {
  return entries(content['jobs']).map(([id, job]) => ({ id, job: job as Mapping }));
}

export function stepsOf(job: Mapping): Mapping[] {
  return (job['steps'] as Mapping[] | undefined) ?? [];
}

/** Every action and workflow from elsewhere, with the line that names it. */
export function remoteUses({ text }: WorkflowFile): { readonly uses: string; readonly line: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, uses] = /\buses:\s*['"]?([^\s'"#,}]+)/.exec(line) ?? [];
    return uses === undefined || uses.startsWith('./') || /^\s*#/.test(line) ? [] : [{ uses, line }];
  });
}
