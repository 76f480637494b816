import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './world.ts';

export type Mapping = Readonly<Record<string, unknown>>;

export interface WorkflowFile {
  /** In the repository; a block of a page has its line behind it. */
  readonly path: string;
  readonly text: string;
  readonly content: Mapping;
}

/** The project's own workflows. */
export function workflows(): WorkflowFile[] {
  return globSync('.github/workflows/*.yml', { cwd: ROOT }).sort().map(read);
}

/** Workflows for others: examples, and every complete one in a page. */
export function examples(): WorkflowFile[] {
  const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT }), ...globSync('runbooks/**/*.md', { cwd: ROOT })];
  return [
    ...globSync('examples/*.yml', { cwd: ROOT }).sort().map(read),
    ...pages.flatMap((page) => blocksOf(page, readFileSync(join(ROOT, page), 'utf8'))),
  ];
}

/** Every action of the repository, by its folder. */
export function actionFolders(): string[] {
  return globSync(['actions/*/action.yml', '.github/actions/*/action.yml'], { cwd: ROOT })
    .map((path) => path.replace('/action.yml', ''))
    .sort();
}

/** Fenced blocks of YAML that are whole workflows. */
export function blocksOf(path: string, page: string): WorkflowFile[] {
  return [...page.matchAll(/^```ya?ml\n(.*?)^```$/gms)].flatMap(({ 1: text = '', index }) => {
    if (!/^(?:on|"on"|'on'):/m.test(text) || !/^jobs:/m.test(text)) return [];
    return [{ path: `${path}:${page.slice(0, index).split('\n').length + 1}`, text, content: parse(text) as Mapping }];
  });
}

export function workflowFile(path: string, text: string): WorkflowFile {
  return { path, text, content: parse(text) as Mapping };
}

function read(path: string): WorkflowFile {
  return workflowFile(path, readFileSync(join(ROOT, path), 'utf8'));
}
