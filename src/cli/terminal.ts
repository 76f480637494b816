import type { Log } from '../context.ts';
import { shortened, visible } from '../report/format.ts';
import { PLAIN, type Style } from '../report/terminal/style.ts';
import { createMeter } from '../shell/meter.ts';
import { isWorthSaying, MOST_OUTPUT } from '../shell/worth-saying.ts';

export interface TerminalOptions {
  /** Writes to standard error. */
  readonly write: (text: string) => void;
  /** How wide the terminal is; `null` when there is none. */
  readonly columns: () => number | null;
  readonly verbose: boolean;
  /** Takes secrets out of a text. */
  readonly hide: (text: string) => string;
  readonly style?: Style;
  /** Milliseconds. */
  readonly now?: () => number;
}

export interface TerminalLog extends Log {
  /** Takes the line of progress away. */
  close(): void;
}

const REDRAW_MS = 100;
const LINE_EVERY_MS = 10_000;

/** The log of a person at a terminal, or of whoever reads the file it was sent to. */
export function createTerminalLog({ write, columns, verbose, hide, style = PLAIN, now = () => performance.now() }: TerminalOptions): TerminalLog {
  const meter = createMeter(now);
  let drawn = false;
  let lastShown = columns() === null ? now() : Number.NEGATIVE_INFINITY;
  let suppressed = 0;
  let printed = 0;

  const erase = () => {
    if (drawn) write('\r\u001b[2K');
    drawn = false;
  };
  const say = (text: string) => {
    erase();
    write(`${text}\n`);
  };
  const clean = (text: string) => visible(hide(text));
  return {
    info: (message) => say(clean(message)),
    warn: (message) => say(`${style.doubtful('warning:')} ${clean(message)}`),
    output(program, line) {
      if (!verbose && !isWorthSaying(line)) return;
      printed += 1;
      if (!verbose && printed > MOST_OUTPUT) {
        suppressed += 1;
        return;
      }
      say(style.faint(clean(line.startsWith(`${program}:`) ? line : `${program}: ${line}`)));
    },
    progress(progress) {
      meter.update(progress);
      const width = columns();
      if (now() - lastShown < (width === null ? LINE_EVERY_MS : REDRAW_MS)) return;
      lastShown = now();
      const line = clean(meter.line());
      if (line === '') return erase();
      if (width === null) return write(`${line}\n`);
      write(`\r\u001b[2K${shortened(line, Math.max(width - 1, 10))}`);
      drawn = true;
    },
    close() {
      erase();
      if (suppressed > 0) say(`${suppressed} more lines like these were not shown; --verbose shows them.`);
      suppressed = 0;
    },
  };
}
