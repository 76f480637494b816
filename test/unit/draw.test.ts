import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareHoldings, type Holding } from '../../src/catalog/copies.ts';
import { drawBackup } from '../../src/drill/draw.ts';
import { timeOfBackupId } from '../../src/format/layout.ts';

const OLD = '20260101T020000Z-aaaa';
const MIDDLE = '20260102T020000Z-bbbb';
const NEW = '20260103T020000Z-cccc';
const first = () => 0;
const last = (below: number) => below - 1;

describe('a drawn backup', () => {
  it('is the newest of all stores, or the one that was named, from a store that has it', () => {
    const shelves = [
      { storage: 'a', ids: [NEW, OLD] },
      { storage: 'b', ids: [MIDDLE, OLD] },
    ];
    expect(drawBackup(shelves, 'latest', last)).toMatchObject({ storage: 'a', id: NEW });
    expect(drawBackup(shelves, MIDDLE, first)).toMatchObject({ storage: 'b', id: MIDDLE });
    expect(drawBackup(shelves, OLD, first)).toMatchObject({ storage: 'a', id: OLD });
    expect(drawBackup(shelves, OLD, last)).toMatchObject({
      storage: 'b',
      id: OLD,
      why: expect.stringMatching(/from b, one of 2 of 2 stores that have it/),
    });
    expect(drawBackup(shelves, '20260104T020000Z-dddd', first)).toBeNull();
    expect(drawBackup([{ storage: 'a', ids: [] }], 'random', first)).toBeNull();
  });

  it('by chance is any but the newest, and the newest only where there is no other', () => {
    const shelf = { storage: 'a', ids: [NEW, MIDDLE, OLD] };
    expect(drawBackup([shelf], 'random', first)).toEqual({
      storage: 'a',
      id: MIDDLE,
      why: `Drew backup ${MIDDLE}, by chance one of 2 older than the newest.`,
    });
    expect(drawBackup([shelf], 'random', last)).toMatchObject({ id: OLD });
    const only = drawBackup([{ storage: 'a', ids: [NEW] }], 'random', first);
    expect(only).toMatchObject({ id: NEW, why: `Drew backup ${NEW}, although it is the newest: there is no other.` });
  });

  it('is in the store that it is drawn from, whatever the chance', () => {
    const id = fc.integer({ min: 10, max: 40 }).map((second) => `20260101T0200${second}Z-aaaa`);
    const shelves = fc.array(fc.uniqueArray(id, { maxLength: 6 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shelves, fc.double({ min: 0, max: 0.999, noNaN: true }), (all, chance) => {
        const stores = all.map((ids, i) => ({ storage: `${i}`, ids: ids.sort().reverse() }));
        const draw = drawBackup(stores, 'random', (below) => Math.floor(chance * below));
        const ids = [...new Set(all.flat())].sort();
        if (draw === null) return ids.length === 0;
        return stores[Number(draw.storage)]?.ids.includes(draw.id) === true && (ids.length === 1 || draw.id !== ids.at(-1));
      }),
    );
  });

  it('tells when it was taken', () => {
    expect(timeOfBackupId(NEW)).toBe('2026-01-03T02:00:00.000Z');
  });
});

describe('backups in several stores', () => {
  const held = (holdings: Record<string, Holding>) => new Map(Object.entries(holdings));
  const whole = (manifestSha256: string): Holding => ({ state: 'whole', manifestSha256 });

  it('are whole, incomplete, absent, or not the same', () => {
    const stores = [
      held({ [NEW]: whole('n'), [MIDDLE]: { state: 'incomplete', manifestSha256: 'm' } }),
      held({ [NEW]: whole('other'), [MIDDLE]: whole('m'), [OLD]: { state: 'unreadable', manifestSha256: 'o' } }),
      held({ [OLD]: whole('o2') }),
    ];
    expect(compareHoldings(stores)).toEqual([
      { id: NEW, stores: ['whole', 'differs', 'absent'] },
      { id: MIDDLE, stores: ['incomplete', 'whole', 'absent'] },
      { id: OLD, stores: ['absent', 'unreadable', 'differs'] },
    ]);
    expect(compareHoldings([new Map(), new Map()])).toEqual([]);
  });
});
