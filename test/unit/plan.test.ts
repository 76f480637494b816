import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataArguments } from '../../src/backup/arguments.ts';
import { type PlannedTable, planParts, SPLIT_ABOVE_BYTES } from '../../src/backup/plan.ts';
import { balance } from '../../src/concurrency.ts';

const MiB = 1024 * 1024;
const table = (name: string, mebibytes: number, nameable = true): PlannedTable => ({ schema: 's', name, bytes: mebibytes * MiB, nameable });
const shape = (tables: PlannedTable[], jobs: number) => planParts(tables, jobs).map((part) => [part.name, ...part.tables.map(({ name }) => name)]);

describe('parts', () => {
  test.each([
    ['no table', [], 4, [['data-00.dump.zst']]],
    ['a small database', [table('a', 100), table('b', 155)], 4, [['data-00.dump.zst', 'a', 'b']]],
    ['one job', [table('a', 300), table('b', 300)], 1, [['data-00.dump.zst', 'a', 'b']]],
    [
      'two of the same size',
      [table('a', 300), table('b', 300)],
      2,
      [
        ['data-00.dump.zst', 'a'],
        ['data-01.dump.zst', 'b'],
      ],
    ],
    [
      'one that outweighs the rest',
      [table('a', 900), table('b', 30), table('c', 30)],
      3,
      [
        ['data-00.dump.zst', 'a'],
        ['data-01.dump.zst', 'b'],
        ['data-02.dump.zst', 'c'],
      ],
    ],
    ['fewer tables than jobs', [table('a', 300)], 4, [['data-00.dump.zst', 'a']]],
    [
      'tables too small to be named',
      [table('big', 300), table('tiny', 0.5)],
      2,
      [
        ['data-00.dump.zst', 'tiny'],
        ['data-01.dump.zst', 'big'],
      ],
    ],
    [
      'a table that cannot be named',
      [table('big', 300), table('odd', 400, false)],
      2,
      [
        ['data-00.dump.zst', 'odd'],
        ['data-01.dump.zst', 'big'],
      ],
    ],
  ] as const)('of %s', (_, tables, jobs, expected) => {
    const planned = shape([...tables], jobs);
    expect(planned.map((part) => part[0])).toEqual(expected.map((part) => part[0]));
    expect(planned.map((part) => [...part].sort())).toEqual(expected.map((part) => [...part].sort()));
  });

  const anyTables = fc.uniqueArray(
    fc.record({ schema: fc.constantFrom('a', 'b"c', 'd.e'), name: fc.string(), bytes: fc.nat(2 * SPLIT_ABOVE_BYTES), nameable: fc.boolean() }),
    { selector: ({ schema, name }) => JSON.stringify([schema, name]), maxLength: 60 },
  );

  test('hold every table exactly once, the catch-all first, and name nothing that has no name', () => {
    fc.assert(
      fc.property(anyTables, fc.integer({ min: 1, max: 16 }), (tables, jobs) => {
        const parts = planParts(tables, jobs);
        expect(parts.length).toBeLessThanOrEqual(jobs);
        expect(parts.map((part) => part.catchAll)).toEqual(parts.map((_, i) => i === 0));
        expect(new Set(parts.map((part) => part.name)).size).toBe(parts.length);
        const held = parts.flatMap((part) => part.tables);
        expect(held).toHaveLength(tables.length);
        expect(new Set(held)).toEqual(new Set(tables));
        for (const part of parts.slice(1)) {
          expect(part.tables.length).toBeGreaterThan(0);
          for (const one of part.tables) expect(one.nameable).toBe(true);
        }
        for (const part of parts) expect(part.bytes).toBe(part.tables.reduce((sum, one) => sum + one.bytes, 0));
      }),
    );
  });

  test('are told to pg_dump so that each table is dumped once', () => {
    const run = {
      snapshotId: '1',
      lockTimeoutMs: 1000,
      selection: { schemas: [], excludeSchemas: [], excludeTables: [], excludeTableData: ['s.left'] },
    };
    fc.assert(
      fc.property(anyTables, fc.integer({ min: 1, max: 8 }), (tables, jobs) => {
        const parts = planParts(tables, jobs);
        const named = parts.slice(1).flatMap((part) => dataArguments(run, part, parts).filter((arg) => arg.startsWith('--table=')));
        const excluded = dataArguments(run, parts[0] as (typeof parts)[number], parts).filter((arg) => arg.startsWith('--exclude-table-data='));
        expect(
          excluded
            .slice(1)
            .map((arg) => arg.slice('--exclude-table-data='.length))
            .sort(),
        ).toEqual(named.map((arg) => arg.slice('--table='.length)).sort());
        expect(excluded[0]).toBe('--exclude-table-data=s.left');
        for (const part of parts.slice(1)) expect(dataArguments(run, part, parts)).toContain('--strict-names');
      }),
    );
  });

  test('are of even weight: no more than one item and the average', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1 }), fc.integer({ min: 1, max: 8 }), (weights, bins) => {
        const loads = balance(weights, (weight) => weight, bins).map((bin) => bin.reduce((a, b) => a + b, 0));
        const total = weights.reduce((a, b) => a + b, 0);
        expect(loads.reduce((a, b) => a + b, 0)).toBe(total);
        expect(Math.max(...loads)).toBeLessThanOrEqual(total / bins + Math.max(...weights));
      }),
    );
  });
});
