import { expect, test } from 'vitest';
import { assertRoom, bytesNeeded } from '../../src/drill/disk.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { rejectionOf } from '../harness/thrown.ts';

const GB = 1e9;
const NOTHING_LEFT_OUT = { schemas: [], excludeSchemas: [], excludeTables: [], excludeTableData: [] };

function manifestOf(selection: Partial<Manifest['selection']>): Manifest {
  return {
    source: { bytes: 50 * GB },
    selection: { ...NOTHING_LEFT_OUT, ...selection },
    tables: [
      { rows: 1, bytes: 3 * GB },
      { rows: null, bytes: 7 * GB },
    ],
    indexes: [{ bytes: 2 * GB }],
  } as unknown as Manifest;
}

test('a whole database needs room for what is in no list of tables too: large objects, materialized views', () => {
  expect(bytesNeeded(manifestOf({}))).toBeGreaterThan(50 * GB);
});

test('of a selection only its tables and indexes count, without the rows that were left out', () => {
  const needed = bytesNeeded(manifestOf({ excludeTableData: ['audit'] }));
  expect(needed).toBeGreaterThan(5 * GB);
  expect(needed).toBeLessThan(7 * GB);
});

test('a folder that is not there is no bug', async () => {
  expect(await rejectionOf(assertRoom(manifestOf({}), '/nowhere/at/all'))).toMatchObject({
    code: 'scratch-failed',
    message: 'The folder for scratch, /nowhere/at/all, cannot be used (ENOENT).',
  });
});
