/** The first release of each major in which no known bug of REINDEX CONCURRENTLY corrupts an index. From 15 on, all of them. */
const FIRST_SAFE: Readonly<Record<number, number>> = { 12: 10, 13: 6, 14: 4 };

/** Why this server must not rebuild an index concurrently, in one sentence; `null` when it may. @param versionNumber as in server_version_num */
export function concurrentlyProblem(versionNumber: number): string | null {
  const major = Math.floor(versionNumber / 10_000);
  const minor = versionNumber % 10_000;
  if (major >= 15) return null;
  const least = FIRST_SAFE[major];
  if (least === undefined) return `Postgres ${major} has no REINDEX CONCURRENTLY.`;
  return minor >= least ? null : `Postgres ${major}.${minor} can corrupt an index that is rebuilt concurrently; ${major}.${least} no longer does.`;
}
