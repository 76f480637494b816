import { expect, test } from 'vitest';
import { parseArchiveList, postDataSteps } from '../../src/restore/archive-list.ts';

const LIST = `;
; Archive created at 2026-11-20 02:00:13 UTC
;
3314; 1259 16446 INDEX shop sale_at shop
;	depends on: 215
3316; 1259 16448 INDEX shop sale_2026_at_idx shop
;	depends on: 216 3314
3318; 2606 16450 CONSTRAINT shop sale sale_pkey shop
;	depends on: 215
3319; 2606 16451 CONSTRAINT shop sale_2026 sale_2026_pkey shop
;	depends on: 216 3318
3361; 0 0 INDEX ATTACH shop sale_2026_at_idx shop
;	depends on: 3314 3316
3362; 0 0 INDEX ATTACH shop sale_2026_pkey shop
;	depends on: 3318 3319
3379; 2606 16548 FK CONSTRAINT shop refund refund_sale_fkey shop
;	depends on: 217 3362
3380; 0 0 COMMENT shop CONSTRAINT refund_sale_fkey ON refund shop
;	depends on: 3379
3381; 2620 16549 TRIGGER shop refund told shop
;	depends on: 217
`;

const idsOf = (entries: readonly { readonly id: number }[]) => entries.map(({ id }) => id);

test('indexes of partitions are attached apart, after all indexes and before whatever needs them attached', () => {
  const { before, attachments, after } = postDataSteps(parseArchiveList(LIST));
  expect(idsOf(before)).toEqual([3314, 3316, 3318, 3319, 3381]);
  expect(idsOf(attachments)).toEqual([3361, 3362]);
  expect(idsOf(after)).toEqual([3379, 3380]);
});

test('without partitions there is one step', () => {
  const entries = parseArchiveList(LIST).filter(({ kind }) => kind === 'INDEX');
  expect(postDataSteps(entries)).toEqual({ before: entries, attachments: [], after: [] });
});
