import { appendFileSync } from 'node:fs';

export type Requirement = 's3' | 'age' | 'pg15' | 'pg16' | 'pg17' | 'pg18';

/**
 * Says that a test run did not show something: a line of JSON in the file that LIFEBOAT_TEST_SKIPPED names, to be printed at the end.
 * @throws Error when LIFEBOAT_TEST_REQUIRE names what was lacking, so that the test fails instead
 */
export function notShown(what: string, why: string, requires?: Requirement): void {
  const required = (process.env['LIFEBOAT_TEST_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  if (requires !== undefined && required.includes(requires)) throw new Error(`${what}: required, but ${why}`);
  const file = process.env['LIFEBOAT_TEST_SKIPPED'];
  if (file) appendFileSync(file, `${JSON.stringify({ what, why, requires: requires ?? null })}\n`);
}
