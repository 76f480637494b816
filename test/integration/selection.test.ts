import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseManifest } from '../../src/format/manifest.ts';
import { displayName } from '../../src/postgres/identifiers.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { clientBindir } from '../harness/corpus-database.ts';
import { drillServer } from '../harness/drill-server.ts';
import { runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { connectionEnvironment } from '../harness/stock-client.ts';

const { major } = clusterOf();
let source: ConnectionTarget;
let bindir: string;
let server: Awaited<ReturnType<typeof drillServer>>;
beforeAll(async () => {
  bindir = await clientBindir(major);
  server = await drillServer();
  source = await freshDatabase(major);
  await runSql(source, NAMES_SQL);
  await runSql(source, `ALTER DATABASE ${source.database} SET search_path = shop, public`);
});

const NAMES_SQL = `
  CREATE SCHEMA shop; CREATE SCHEMA shop_old; CREATE SCHEMA "Shop"; CREATE SCHEMA "my.shop"; CREATE SCHEMA "a$b";
  CREATE TABLE shop.orders (id serial PRIMARY KEY, n int); CREATE TABLE shop."Orders" (id int); CREATE TABLE shop."or.ders" (id int);
  CREATE TABLE shop.orders2 (id int); CREATE TABLE shop."t$1" (id int); CREATE TABLE shop."quo""ted" (id int);
  CREATE TABLE shop.people (id bigint GENERATED ALWAYS AS IDENTITY, name text);
  CREATE TABLE shop_old.orders (id int); CREATE TABLE "Shop".orders (id int); CREATE TABLE "my.shop".orders (id int); CREATE TABLE "a$b".x (id int);
  CREATE TABLE public.orders (id int); CREATE TABLE public.only_here (id int); CREATE TABLE public."ÄRGER" (id int);
  CREATE SEQUENCE shop.alone; CREATE SEQUENCE public.orders_count;
  CREATE TABLE shop.events (id int, at date) PARTITION BY RANGE (at);
  CREATE TABLE shop.events_2025 PARTITION OF shop.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE shop.events_2026 PARTITION OF shop.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  CREATE VIEW public.looking AS SELECT 1 AS one; CREATE MATERIALIZED VIEW public.seen AS SELECT 2 AS two;
  INSERT INTO shop.orders (n) SELECT generate_series(1, 12); INSERT INTO shop.people (name) VALUES ('a'), ('b');
  INSERT INTO shop.events VALUES (1, '2025-05-05'), (2, '2026-06-06');
  INSERT INTO public.orders VALUES (1); INSERT INTO "Shop".orders VALUES (1), (2); INSERT INTO public.only_here VALUES (7)
`;

interface Selection {
  readonly schema?: readonly string[];
  readonly excludeSchema?: readonly string[];
  readonly excludeTable?: readonly string[];
  readonly excludeTableData?: readonly string[];
}

const FLAGS = { schema: '--schema', excludeSchema: '--exclude-schema', excludeTable: '--exclude-table', excludeTableData: '--exclude-table-data' };

const SELECTIONS: [Selection][] = [
  [{}],
  [{ schema: ['shop'] }],
  [{ schema: ['SHOP'] }],
  [{ schema: ['"Shop"'] }],
  [{ schema: ['sh*'] }],
  [{ schema: ['sho?'] }],
  [{ schema: ['"sho?"', 'public'] }],
  [{ schema: ['"my.shop"', 'a$b'] }],
  [{ schema: ['shop|public'] }],
  [{ schema: ['[a-m]*'] }],
  [{ schema: ['shop', 'shop_old'], excludeSchema: ['*_old'] }],
  [{ excludeSchema: ['shop*'] }],
  [{ excludeSchema: ['"Shop"', '"my.shop"'] }],
  [{ excludeTable: ['orders'] }],
  [{ excludeTable: ['only_here'] }],
  [{ excludeTable: ['shop.orders'] }],
  [{ excludeTable: ['*.orders'] }],
  [{ excludeTable: ['"Orders"'] }],
  [{ excludeTable: ['ORDERS'] }],
  [{ excludeTable: ['shop."or.ders"'] }],
  [{ excludeTable: ['"quo""ted"'] }],
  [{ excludeTable: ['t$1'] }],
  [{ excludeTable: ['shop.or*'] }],
  [{ excludeTable: ['"my.shop".*', '"Shop".orders'] }],
  [{ excludeTable: ['ärger'] }],
  [{ excludeTable: ['"ÄRGER"'] }],
  [{ excludeTable: ['people'] }],
  [{ excludeTable: ['shop.orders_id_seq'] }],
  [{ excludeTable: ['shop.people_id_seq'] }],
  [{ excludeTable: ['alone', 'public.orders_count'] }],
  [{ excludeTable: ['looking', 'seen'] }],
  [{ excludeTable: ['events_2025'] }],
  [{ excludeTable: ['orders', 'orders_id_seq'] }],
  [{ schema: ['*'] }],
  [{ excludeTableData: ['orders'] }],
  [{ excludeTableData: ['*.orders', 'people'] }],
  [{ excludeTableData: ['events_2026'] }],
  [{ excludeTableData: ['events'] }],
  [{ excludeTableData: ['alone'] }],
  [{ excludeTableData: ['shop.*'] }],
  [{ schema: ['shop'], excludeTable: ['orders'], excludeTableData: ['people'] }],
  [{ schema: ['public'], excludeTable: ['nothing_like_that'] }],
];

/** `schema name` of every entry of these kinds in the table of contents that pg_dump writes for the same flags. */
async function entriesOf(selection: Selection): Promise<string[]> {
  const flags = Object.entries(FLAGS).flatMap(([name, flag]) => (selection[name as keyof Selection] ?? []).map((pattern) => `${flag}=${pattern}`));
  const env = { ...connectionEnvironment(source), LC_MESSAGES: 'C' };
  const { stdout } = await execa(join(bindir, 'pg_dump'), ['-Fc', '-Z0', ...flags], { env, encoding: 'buffer' });
  const list = await execa(join(bindir, 'pg_restore'), ['--list'], { input: stdout });
  // what pg_dump takes a pattern's word for, and nobody wants in a backup
  return list.stdout.split('\n').filter((line) => !/ (?:information_schema|pg_catalog) /.test(line));
}

const namesOf = (entries: readonly string[], kinds: readonly string[]) =>
  entries.flatMap((line) => {
    const [, kind, rest] =
      /^\d+; \d+ \d+ (TABLE DATA|SEQUENCE SET|SEQUENCE OWNED BY|MATERIALIZED VIEW DATA|MATERIALIZED VIEW|[A-Z]+) (.*) \S+$/.exec(line) ?? [];
    return kind !== undefined && kinds.includes(kind) && !rest?.startsWith('ATTACH') ? [rest as string] : [];
  });

const spelled = (names: readonly { schema: string; name: string }[]) => names.map(({ schema, name }) => `${schema} ${name}`).sort();

describe('a backup holds what pg_dump dumps with the same flags', () => {
  test.each(SELECTIONS)('%j', async (selection) => {
    const store = await temporaryStore();
    const backup = await runBackup(source, store.url, { database: 'names', ...selection });
    const manifest = parseManifest(await readFile(join(store.folder, backup.manifest), 'utf8'), 'the manifest');
    const entries = await entriesOf(selection);

    const held = manifest.tables.filter((table) => table.rows !== null);
    expect(spelled(held)).toEqual(namesOf(entries, ['TABLE DATA']).sort());
    expect(spelled(manifest.sequences)).toEqual(namesOf(entries, ['SEQUENCE']).sort());
    const leftOut = manifest.tables.filter((table) => table.rows === null);
    const parents = manifest.objects.some((object) => object.identity === 'shop.events') ? ['shop events'] : [];
    expect([...spelled(manifest.tables), ...parents].sort()).toEqual(namesOf(entries, ['TABLE']).sort());
    expect(manifest.selection).toMatchObject({ schemas: selection.schema ?? [], excludeTableData: selection.excludeTableData ?? [] });
    expect(backup.leftOut).toEqual(leftOut.map(displayName));

    const drill = await runDrill('names', store.url, { into: server.url });
    expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
    expect(drill.ok).toBe(true);
    const skipped = drill.proof.checks.find((check) => check.name === 'rows')?.skipped ?? [];
    expect(skipped.filter(({ reason }) => /on purpose/.test(reason)).map(({ object }) => object)).toEqual(leftOut.map(displayName));
  });
});

test('a partitioned table left out without its partitions comes back with errors, and the drill says so', async () => {
  const store = await temporaryStore();
  await runBackup(source, store.url, { database: 'names', excludeTable: ['events'] });
  const drill = await runDrill('names', store.url, { into: server.url });
  expect(drill).toMatchObject({ ok: false, proof: { verdict: 'failed' } });
  const findings = drill.proof.checks.find((check) => check.name === 'restore')?.findings ?? [];
  expect(findings.map(({ object }) => object)).toEqual([
    expect.stringMatching(/^TABLE ATTACH shop events_2025/),
    expect.stringMatching(/^TABLE ATTACH shop events_2026/),
  ]);
});
