/** A fenced block of a page, with what its info string says. */
export interface Block {
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** The scenarios that run it; `null`: it is not run. */
  readonly run: readonly string[] | null;
  /** The exit status that its last command must have; 0 unless the page says so. */
  readonly exit: number;
  /** Why it cannot run outside of its own place. */
  readonly cannotRun: string | null;
  /** The scenarios whose last block must have printed this. */
  readonly expected: readonly string[] | null;
  readonly text: string;
}

export interface Heading {
  readonly line: number;
  /** 1 to 6. */
  readonly level: number;
  readonly text: string;
}

export interface Page {
  /** File name without folder and `.md`. */
  readonly name: string;
  readonly text: string;
  readonly headings: readonly Heading[];
  readonly blocks: readonly Block[];
}

/** Reads headings and fenced blocks. Throws with the line when a fence is never closed or an info string is not understood. */
export function parsePage(name: string, text: string): Page {
  const headings: Heading[] = [];
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly info: string; readonly lines: string[] } | null = null;
  for (const [index, content] of text.split('\n').entries()) {
    const fence = /^ {0,3}```(.*)$/.exec(content);
    if (open !== null) {
      if (fence?.[1]?.trim() === '') {
        blocks.push({ line: open.line, ...readInfo(open.info, `${name}.md:${open.line}`), text: open.lines.join('\n') });
        open = null;
      } else open.lines.push(content);
    } else if (fence) open = { line: index + 1, info: (fence[1] ?? '').trim(), lines: [] };
    else {
      const [, marks = '', title = ''] = /^(#{1,6}) +(.*?) *$/.exec(content) ?? [];
      if (marks !== '') headings.push({ line: index + 1, level: marks.length, text: title });
    }
  }
  if (open !== null) throw new Error(`${name}.md:${open.line}: the block is never closed`);
  return { name, text, headings, blocks };
}

/** `bash run=restore-table exit=1`, `bash run=one,another`, `bash cannot-run="a console"`, `text expected=restore-table`. */
function readInfo(info: string, place: string): Omit<Block, 'line' | 'text'> {
  const [, language = '', rest = ''] = /^(\S*)\s*(.*)$/.exec(info) ?? [];
  const words = new Map<string, string>();
  let left = rest;
  while (left !== '') {
    const [all = '', key = '', quoted, plain] = /^([a-z-]+)=(?:"([^"]*)"|(\S+))\s*/.exec(left) ?? [];
    if (all === '' || !KNOWN.includes(key) || words.has(key)) throw new Error(`${place}: the block's marks are not understood: ${left}`);
    words.set(key, quoted ?? plain ?? '');
    left = left.slice(all.length);
  }
  const exit = Number(words.get('exit') ?? '0');
  if (!Number.isInteger(exit) || exit < 0 || exit > 255) throw new Error(`${place}: exit=${words.get('exit')} is no exit status`);
  const read = (key: string) => words.get(key) ?? null;
  const scenarios = (key: string) => read(key)?.split(',') ?? null;
  return { language, run: scenarios('run'), exit, cannotRun: read('cannot-run'), expected: scenarios('expected') };
}

const KNOWN: readonly string[] = ['run', 'exit', 'cannot-run', 'expected'];

/** As GitHub makes anchors of headings. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** The text from a heading to the next of the same or a higher level; `null` when there is no such anchor. */
export function sectionOf(page: Page, anchor: string): string | null {
  const start = page.headings.findIndex((heading) => anchorOf(heading.text) === anchor);
  const heading = page.headings[start];
  if (heading === undefined) return null;
  const next = page.headings.slice(start + 1).find(({ level }) => level <= heading.level);
  return page.text
    .split('\n')
    .slice(heading.line - 1, next === undefined ? undefined : next.line - 1)
    .join('\n');
}
