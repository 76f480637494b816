/** Lines of another program that a shell shows unless asked for more: a restore may go wrong in the same way a thousand times. */
export const MOST_OUTPUT = 50;

/** Warnings and errors, with the lines that explain them: the words of pg_log_generic in src/common/logging.c, and the server's own. */
export function isWorthSaying(line: string): boolean {
  return /^(?:[\w-]+: )?(?:warning|error|fatal|panic|hint|detail|query was|command was)\b/i.test(line);
}
