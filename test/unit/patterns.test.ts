import fc from 'fast-check';
import { expect, test } from 'vitest';
import { qualifiedName, quoteIdentifier } from '../../src/postgres/identifiers.ts';
import { schemaPattern, tablePattern } from '../../src/postgres/patterns.ts';
import { thrownBy } from '../harness/thrown.ts';

// what psql \dt shows with ECHO_HIDDEN for the same patterns
test.each([
  ['orders', null, '^(orders)$'],
  ['Orders', null, '^(orders)$'],
  ['"Orders"', null, '^(Orders)$'],
  ['shop.orders', '^(shop)$', '^(orders)$'],
  ['SHOP.Or*', '^(shop)$', '^(or.*)$'],
  ['*.orders', '^(.*)$', '^(orders)$'],
  ['order?', null, '^(order.)$'],
  ['"order?"', null, '^(order\\?)$'],
  ['"my.table"', null, '^(my\\.table)$'],
  ['"a.b"."c.d"', '^(a\\.b)$', '^(c\\.d)$'],
  ['"quo""ted"', null, '^(quo"ted)$'],
  ['t$1', null, '^(t\\$1)$'],
  ['a|b', null, '^(a|b)$'],
  ['"a|b"', null, '^(a\\|b)$'],
  ['[a-c]x', null, '^([a-c]x)$'],
  ['fo"O"o', null, '^(foOo)$'],
  ['ÄRGER', null, '^(Ärger)$'],
  ['back\\slash', null, '^(back\\slash)$'],
])('%s means what it means to pg_dump', (pattern, schema, name) => {
  expect(tablePattern(pattern)).toEqual({ schema, name });
});

test('a dot too many is a mistake that is told', () => {
  expect(thrownBy(() => tablePattern('a.b.c'))).toMatchObject({ code: 'bad-option', message: expect.stringContaining('a.b.c') });
  expect(thrownBy(() => schemaPattern('a.b'))).toMatchObject({ code: 'bad-option', message: expect.stringContaining('a.b') });
  expect(schemaPattern('"a.b"')).toBe('^(a\\.b)$');
});

test('a quoted name matches itself and nothing else', () => {
  // Postgres and JavaScript read these expressions alike as long as the name has no escape that only one of them knows
  const anyName = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(anyName, anyName, anyName, (schema, name, other) => {
      const pattern = tablePattern(qualifiedName({ schema, name }));
      expect(new RegExp(pattern.name, 's').test(name)).toBe(true);
      expect(new RegExp(pattern.schema ?? '', 's').test(schema)).toBe(true);
      expect(new RegExp(schemaPattern(quoteIdentifier(name)), 's').test(other)).toBe(other === name);
    }),
  );
});
