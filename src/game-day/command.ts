/** What a comment tells the clock. Steps are counted from 1. */
export interface StepCommand {
  readonly step: number;
  readonly event: 'start' | 'done';
  /** What follows `done`. */
  readonly evidence: string | null;
}

export type Command = StepCommand | { readonly problem: string };

const USAGE = 'Write `/lifeboat step 3 start`, and later `/lifeboat step 3 done`, with what was seen behind it if you like.';

/** Reads every line of a comment that begins with `/lifeboat`; quotes and code blocks are not commands. */
export function readCommands(comment: string): Command[] {
  const commands: Command[] = [];
  let fenced = false;
  for (const line of comment.split(/\r?\n/)) {
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    else if (!fenced && /^\/lifeboat\b/i.test(line)) commands.push(readLine(line.trim()));
  }
  return commands;
}

function readLine(line: string): Command {
  const [, step = '', event = '', rest = ''] = /^\/lifeboat\s+step\s+(\d{1,3})\s+(start|done)\b[:,]?\s*(.*)$/is.exec(line) ?? [];
  if (step === '') return { problem: `\`${line.slice(0, 80).replaceAll('`', "'")}\` is not a command. ${USAGE}` };
  const isStart = event.toLowerCase() === 'start';
  return { step: Number(step), event: isStart ? 'start' : 'done', evidence: isStart || rest === '' ? null : rest };
}
