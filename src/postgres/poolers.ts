import { LifeboatError } from '../errors.ts';
import type { ConnectionTarget } from './url.ts';

/**
 * Throws `pooler-url` for URLs of poolers in transaction mode: there every transaction may get another server connection,
 * so neither a session's locks nor its exported snapshot hold. The remedy says which URL to use instead.
 */
export function refusePoolers(target: ConnectionTarget, pgbouncer: string | undefined): void {
  const { host, port } = target;
  // https://supabase.com/docs/guides/database/connecting-to-postgres: 6543 is transaction mode, 5432 is session mode or direct.
  if (port === 6543 && /\.supabase\.(?:com|co)$/i.test(host)) {
    throw pooler("Supabase's pooler in transaction mode", `Use port 5432 of the same host: ${urlOf({ ...target, port: 5432 })}.`);
  }
  // https://neon.com/docs/connect/connection-pooling: the pooled host is the direct one with -pooler after the endpoint's name.
  if (/^[^.]+-pooler\..*neon\.(?:tech|build)$/i.test(host)) {
    const direct = host.replace(/-pooler\./i, '.');
    throw pooler("Neon's pooler in transaction mode", `Use the direct host, without -pooler: ${urlOf({ ...target, host: direct })}.`);
  }
  if (pgbouncer !== undefined && pgbouncer !== 'false') {
    throw pooler(
      'PgBouncer (pgbouncer=true)',
      "Use the server's direct connection (or the pooler's port in session mode), and remove pgbouncer=true from the URL.",
    );
  }
}

function pooler(what: string, remedy: string): LifeboatError {
  return new LifeboatError('pooler-url', `The database URL goes through ${what}, where no snapshot can be held.`, remedy);
}

function urlOf(target: ConnectionTarget): string {
  const login = `${encodeURIComponent(target.user)}${target.password === null ? '' : ':***'}`;
  return `postgresql://${login}@${target.host}:${target.port}/${encodeURIComponent(target.database)}`;
}
