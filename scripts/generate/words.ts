import type { OptionDescription } from '../../src/options/describe.ts';

/** How the command line takes a list; an input is a text of lines, and YAML has lists. */
export const SEVERAL = /[;.] may be given several times(?=[.:])/i;

/** What an option is, as an action's input. */
export function inputDescription({ kind, meta }: OptionDescription): string {
  const text = meta.description.replace(SEVERAL, '');
  return kind === 'list' ? `${text} One per line.` : text;
}

/** What a value may be: `text`, `duration`, `true or false`. */
export function typeOf({ kind, meta }: OptionDescription): string {
  if (kind === 'switch') return 'true or false';
  const one = meta.placeholder === 'DURATION' ? 'duration' : meta.placeholder === 'N' ? 'number' : meta.placeholder === 'URL' ? 'URL' : 'text';
  return kind === 'list' ? `list of ${one}` : one;
}
