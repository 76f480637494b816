import { join } from 'node:path';
import { execa, type Options } from 'execa';

/** The parts of the engine's ConnectionTarget that the stock programs need. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
}

/** Text output must not depend on where the test runs. */
const PINNED =
  '-c TimeZone=UTC -c DateStyle=ISO,YMD -c IntervalStyle=postgres -c extra_float_digits=1 -c bytea_output=hex -c lc_monetary=C -c search_path=';

export function connectionEnvironment(connection: Connection): Record<string, string> {
  return {
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGUSER: connection.user,
    PGDATABASE: connection.database,
    ...(connection.password === null ? {} : { PGPASSWORD: connection.password }),
  };
}

/** Starts a stock client program with output settings pinned. */
export function stockClient(bindir: string, program: 'psql' | 'pg_dump', args: readonly string[], connection: Connection, options: Options = {}) {
  return execa(join(bindir, program), args, {
    stdin: 'ignore',
    ...options,
    env: { ...connectionEnvironment(connection), PGOPTIONS: PINNED, PGCLIENTENCODING: 'UTF8' },
  });
}

/** One JSON value from one statement. */
export async function queryJson<T>(bindir: string, connection: Connection, sql: string): Promise<T> {
  const { stdout } = await stockClient(bindir, 'psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-'], connection, {
    stdin: 'pipe',
    input: sql,
    maxBuffer: 1_000_000_000,
  });
  return JSON.parse(stdout as string) as T;
}
