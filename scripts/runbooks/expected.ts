/**
 * Compares what was printed with what the page expects. `…` in a line stands for any text, and on a line of its own for any number of
 * lines. How many spaces stand between words does not count: columns are as wide as what is in them.
 */
export function isAsExpected(printed: string, expected: string): boolean {
  const pattern = linesOf(expected).map((line) => (line === '…' ? '(?:[^\\n]*\\n)*?' : `${line.split('…').map(RegExp.escape).join('[^\\n]*')}\\n`));
  return new RegExp(`^${pattern.join('')}$`, 'u').test(
    linesOf(printed)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replaceAll(/[ \t]+/g, ' ').trim());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
