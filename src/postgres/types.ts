import pg from 'pg';

// name[], text[], date[], timestamp[], timestamptz[], interval[]: all as arrays of Postgres's text.
const TEXT_ARRAYS = new Set([1002, 1003, 1009, 1115, 1182, 1185, 1187]);
// date, timestamp, timestamptz, interval, point, circle, numeric: JavaScript's types would lose microseconds, BC and infinity.
const TEXTS = new Set([1082, 1114, 1184, 1186, 600, 718, 1700]);

/** Values as Postgres wrote them, wherever a JavaScript type would lose something. */
export const textTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (TEXTS.has(oid)) return (text: string) => text;
    return pg.types.getTypeParser(TEXT_ARRAYS.has(oid) ? 1009 : oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};
