import type { BloatReport } from '../bloat/bloat.ts';
import type { AgeFacts, ForeignKeyFacts, IndexFacts, SequenceFacts, ServerFacts, TableFacts } from '../facts.ts';
import type { Thresholds } from '../finding.ts';
import type { RaisedThreshold } from '../repair/state.ts';
import type { Usage } from '../usage.ts';

/** Everything that findings are made of: what was read, and what is known from before. */
export interface Facts {
  readonly server: ServerFacts;
  /** No temporary ones. */
  readonly indexes: readonly IndexFacts[];
  readonly tables: ReadonlyMap<number, TableFacts>;
  readonly foreignKeys: readonly ForeignKeyFacts[];
  readonly sequences: readonly SequenceFacts[];
  readonly ages: readonly AgeFacts[];
  readonly bloat: BloatReport;
  readonly usage: Usage;
  /** ISO times since which every report measured an index at `actRatio` or above, this one included, by the index's oid. */
  readonly overSince: ReadonlyMap<number, string>;
  /** Ratios below which an index is not worth another rebuild, because the last one gained little; by indexKey. */
  readonly raised: ReadonlyMap<string, RaisedThreshold>;
  readonly thresholds: Thresholds;
}
