import { readFile } from 'node:fs/promises';

export interface Annotation {
  readonly kind: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

export interface CommandReader {
  /** Takes a line of a step's output; answers with what the log shows of it, if anything. */
  readonly take: (line: string) => string | null;
}

/** Workflow commands in what a step prints: masks and annotations, unless the step has stopped commands. */
export function createCommandReader(on: {
  readonly mask: (value: string) => void;
  readonly annotate: (annotation: Annotation) => void;
}): CommandReader {
  let stopped: string | null = null;
  const take = (line: string): string | null => {
    const [, name = '', properties = '', value = ''] = /^\s*::([\w-]+)(?: (.*?))?::(.*)$/.exec(line) ?? [];
    if (stopped !== null) {
      if (name !== stopped) return line;
      stopped = null;
      return null;
    }
    switch (name) {
      case 'add-mask':
        on.mask(unescaped(value));
        return null;
      case 'stop-commands':
        stopped = value;
        return null;
      case 'error':
      case 'warning':
      case 'notice': {
        const [, title = ''] = /(?:^|,)title=([^,]*)/.exec(properties) ?? [];
        on.annotate({ kind: name, title: unescaped(title), message: unescaped(value) });
        return `${name}: ${unescaped(value)}`;
      }
      case 'debug':
        return null;
      case 'set-output':
      case 'save-state':
        return `Error: The \`${name}\` command is disabled.`;
      default:
        return line;
    }
  };
  return { take };
}

/** GITHUB_ENV, GITHUB_OUTPUT and GITHUB_STATE: `name=value`, or `name<<delimiter` and lines up to it. */
export async function readPairs(file: string): Promise<Record<string, string>> {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/);
  const pairs: Record<string, string> = {};
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line === '') continue;
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      pairs[line.slice(0, equals)] = line.slice(equals + 1);
      continue;
    }
    const end = heredoc < 0 ? -1 : lines.indexOf(line.slice(heredoc + 2), i + 1);
    if (end < 0) throw new Error(`Invalid format '${line}'`);
    pairs[line.slice(0, heredoc)] = lines.slice(i + 1, end).join('\n');
    i = end;
  }
  return pairs;
}

function unescaped(value: string): string {
  return value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');
}
