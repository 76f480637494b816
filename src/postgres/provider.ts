import { detectProvider, MARKS } from '../providers/detect.ts';
import type { Provider } from '../providers/profiles.ts';
import type { Session } from './connect.ts';

/** Who runs the server; `null` for a plain Postgres. */
export async function readProvider(session: Session, host: string): Promise<Provider | null> {
  const [row] = await session.query<{ roles: string[]; schemas: string[]; settings: string[] }>(
    `SELECT ARRAY(SELECT rolname FROM pg_catalog.pg_roles WHERE rolname::text = ANY ($1::text[]))::text[] AS roles,
            ARRAY(SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname::text = ANY ($2::text[]))::text[] AS schemas,
            ARRAY(SELECT name FROM pg_catalog.pg_settings WHERE name = ANY ($3::text[])) AS settings`,
    [MARKS.roles, MARKS.schemas, MARKS.settings],
  );
  return detectProvider({ host, roles: row?.roles ?? [], schemas: row?.schemas ?? [], settings: row?.settings ?? [] });
}
