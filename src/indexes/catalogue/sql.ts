/** Schemas of the system, and of TOAST tables. Other sessions' temporary ones are not among them. */
export const NOT_OURS = `('pg_catalog', 'information_schema', 'pg_toast')`;

/** A timestamptz as an ISO time. */
export function isoTime(expression: string): string {
  return `pg_catalog.to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
