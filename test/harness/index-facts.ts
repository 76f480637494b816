import type { IndexColumn, IndexFacts } from '../../src/indexes/facts.ts';
import type { Thresholds } from '../../src/indexes/finding.ts';
import type { Facts } from '../../src/indexes/findings/facts.ts';
import type { IndexUsage } from '../../src/indexes/usage.ts';

/** A plain B-tree on a bigint, but for what is given. */
export function indexFacts(given: Partial<IndexFacts> = {}): IndexFacts {
  const facts: Partial<IndexFacts> = {
    oid: 2,
    schema: 'shop',
    name: 'orders_by_customer',
    tableOid: 1,
    table: 'orders',
    method: 'btree',
    definition: 'CREATE INDEX orders_by_customer ON shop.orders USING btree (customer_id)',
    bytes: 8192,
    tuples: 0,
    tableTuples: 0,
    fillfactor: null,
    deduplicateItems: null,
    parameters: [],
    columns: [indexColumn()],
    predicate: null,
    unique: false,
    pages: 1,
    unread: null,
    nullsNotDistinct: false,
    primary: false,
    exclusion: false,
    immediate: true,
    valid: true,
    ready: true,
    live: true,
    replicaIdentity: false,
    clustered: false,
    partitioned: false,
    parentOid: null,
    constraint: null,
    extension: null,
    temporary: false,
    scans: 0,
    lastScan: null,
    ...given,
  };
  return facts as IndexFacts;
}

/** The operator that every column of these is compared by. */
export const EQUALS = 96;

export function indexColumn(given: Partial<IndexColumn> = {}): IndexColumn {
  const column: Partial<IndexColumn> = {
    attnum: 1,
    position: 1,
    text: 'customer_id',
    key: true,
    type: 'bigint',
    length: 8,
    align: 'd',
    storage: 'p',
    opclassOid: 1,
    opclassOptions: null,
    equalityOperators: [EQUALS],
    collationOid: 0,
    descending: false,
    nullsFirst: false,
    collationDeterministic: true,
    equalimage: true,
    ...given,
  };
  return column as IndexColumn;
}

/** Columns a, b, c … of a table; `-a` sorts the other way round, and what stands behind `|` is only included. */
export function indexOn(columns: string, given: Partial<IndexFacts> = {}): IndexFacts {
  const [keys = '', included = ''] = columns.split('|');
  const column = (text: string, key: boolean, position: number) => {
    const name = text.replace('-', '');
    const isBackwards = text.startsWith('-');
    return indexColumn({
      attnum: /^[a-z]$/.test(name) ? name.charCodeAt(0) - 96 : 0,
      position,
      text: name,
      key,
      opclassOid: key ? 1 : 0,
      descending: isBackwards,
      nullsFirst: isBackwards,
    });
  };
  const words = (text: string) => text.split(' ').filter((word) => word !== '');
  const all = [...words(keys).map((word) => [word, true] as const), ...words(included).map((word) => [word, false] as const)];
  return indexFacts({
    name: columns,
    definition: `CREATE INDEX … (${columns})`,
    columns: all.map(([word, key], i) => column(word, key, i + 1)),
    ...given,
  });
}

/** What findings are made of, with nothing to find, but for what is given. */
export function factsOf(given: Partial<Facts> = {}): Facts {
  const indexes = given.indexes ?? [];
  const idle = (index: IndexFacts): IndexUsage => ({ scans: index.scans ?? 0, idleSince: NOW, seenSince: NOW });
  return {
    server: {
      database: 'shop',
      versionNumber: 180_000,
      systemIdentifier: '1',
      standby: false,
      now: NOW,
      startedAt: NOW,
      counts: true,
      countersSince: null,
      role: 'owner',
      standbys: 0,
      toast: { indexes: 0, bytes: 0 },
      building: [],
    },
    indexes,
    tables: new Map(),
    foreignKeys: [],
    sequences: [],
    ages: [],
    bloat: { judged: [], notExamined: [], unmeasured: null, uncounted: null },
    usage: {
      of: new Map(indexes.map((index) => [index.oid, idle(index)])),
      servers: 1,
      countersSince: null,
      countedSince: NOW,
      resets: [null],
      unknown: null,
    },
    overSince: new Map(),
    raised: new Map(),
    thresholds: THRESHOLDS,
    ...given,
  };
}

export const NOW = '2026-11-20T12:00:00.000Z';

export const THRESHOLDS: Thresholds = {
  warnRatio: 1.5,
  actRatio: 2,
  minWasted: 100 * 1024 ** 2,
  unusedAfterSeconds: 30 * 86_400,
  minTable: 100 * 1024 ** 2,
  sequenceUsed: 0.75,
  staleRows: 0.5,
  ageUsed: 0.4,
};
