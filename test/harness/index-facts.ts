import type { IndexColumn, IndexFacts } from '../../src/indexes/facts.ts';

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
    columns: [indexColumn()],
    predicate: null,
    unique: false,
    valid: true,
    ...given,
  };
  return facts as IndexFacts;
}

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
    collationDeterministic: true,
    equalimage: true,
    ...given,
  };
  return column as IndexColumn;
}
