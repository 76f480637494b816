import type { LifeboatError } from '../../errors.ts';
import { installHint } from '../../postgres/programs.ts';
import { fail, type Judgement, judged, warn } from '../judgement.ts';

export interface VersionFacts {
  readonly serverVersion: string;
  readonly serverMajor: number;
  /** pg_dump that a backup here would use, or why there is none. */
  readonly client: { readonly version: string; readonly bindir: string } | LifeboatError;
  /** Majors of the servers that could be scratch here. */
  readonly scratchMajors: readonly number[];
  readonly today: Date;
}

/** When a major gets its last release: https://www.postgresql.org/support/versioning/ */
const LAST_RELEASE: Readonly<Record<number, string>> = {
  10: '2022-11-10',
  11: '2023-11-09',
  12: '2024-11-21',
  13: '2025-11-13',
  14: '2026-11-12',
  15: '2027-11-11',
  16: '2028-11-09',
  17: '2029-11-08',
  18: '2030-11-14',
};
const SOURCE = 'https://www.postgresql.org/support/versioning/';

/** Whether the programs here fit the server, and whether anybody still mends it. */
export function judgeVersions({ serverVersion, serverMajor, client, scratchMajors, today }: VersionFacts): Judgement {
  const programs = client instanceof Error ? 'no client programs fit' : `pg_dump is ${client.version} in ${client.bindir}`;
  const until = LAST_RELEASE[serverMajor] ?? (serverMajor < 10 ? '2021-11-11' : undefined);
  return judged(`The server is Postgres ${serverVersion}; ${programs}.`, [
    client instanceof Error ? fail(client.message, client.remedy) : null,
    scratchMajors.includes(serverMajor)
      ? null
      : warn(
          `There is no server of major ${serverMajor} on this machine, which a drill here needs for its scratch.`,
          `${installHint(serverMajor, 'server')} Or drill on a server of your own with --into.`,
        ),
    until !== undefined && today >= new Date(`${until}T23:59:59Z`)
      ? warn(
          `Postgres ${serverMajor} got its last release on ${until} (${SOURCE}): no fault of it is mended any more.`,
          'Upgrade to a major that is supported.',
        )
      : null,
  ]);
}
