import { qualifiedName } from '../../postgres/identifiers.ts';
import { bytes, ratio as times } from '../../report/format.ts';
import { type Bloat, bloatRatio, NORMAL_RATIO, wastedBytes } from '../bloat/bloat.ts';
import type { IndexFinding, Level } from '../finding.ts';
import { indexKey } from '../report.ts';
import { aboutIndex } from './common.ts';
import type { Facts } from './facts.ts';

/** Two looks in the same hour are one. */
const TWICE_SECONDS = 86_400;

/** Indexes that a REINDEX would make much smaller. */
export function findBloated(facts: Facts): IndexFinding[] {
  const byOid = new Map(facts.indexes.map((index) => [index.oid, index]));
  return facts.bloat.judged.flatMap((bloat) => {
    const index = byOid.get(bloat.oid);
    const raised = index === undefined ? undefined : facts.raised.get(indexKey(index));
    const level = index === undefined || !index.valid ? null : levelOf(bloat, raised?.threshold ?? 0, facts);
    if (index === undefined || level === null) return [];
    const { method, confidence } = bloat;
    const since = facts.overSince.get(index.oid);
    const name = qualifiedName(index);
    return aboutIndex(index, {
      kind: 'bloated',
      level,
      evidence: [
        `It takes ${bytes(bloat.bytes)}, and rebuilt it would take ${bytes(bloat.rebuiltBytes)}: ${times(bloat.bytes, bloat.rebuiltBytes)}, ${METHODS[method]}.`,
        ...(level === 'act' && since !== undefined
          ? [`Every report since ${since.slice(0, 10)} measured it at ${facts.thresholds.actRatio} × or more.`]
          : []),
        ...bloat.evidence,
        ...(raised === undefined
          ? []
          : [`The rebuild of ${raised.at.slice(0, 10)} raised its threshold to ${raised.threshold.toFixed(2)} ×: ${raised.reason}`]),
        ...(index.exclusion
          ? ['It belongs to an exclusion constraint: it cannot be rebuilt concurrently, and a plain REINDEX locks the table.']
          : []),
      ],
      sizeAtStake: wastedBytes(bloat),
      confidence,
      remedySql: index.exclusion ? `-- locks the table until it is done\nREINDEX INDEX ${name};` : `REINDEX INDEX CONCURRENTLY ${name};`,
      method,
    });
  });
}

const METHODS = {
  measured: 'measured by the newest drill',
  scaled: 'by the size that the newest drill measured, grown with the table since',
  exact: 'counted by pgstattuple',
  estimated: "estimated from the catalogue's statistics",
} as const;

/** An estimate makes nobody act; a weak one warns nobody, and neither does what a rebuild would hardly change. */
function levelOf(bloat: Bloat, raised: number, { thresholds, overSince, server }: Facts): Level | null {
  const { warnRatio, actRatio, minWasted } = thresholds;
  const ratio = bloatRatio(bloat);
  if (ratio < Math.max(warnRatio, NORMAL_RATIO) || wastedBytes(bloat) < minWasted) return null;
  if (bloat.confidence === 'low' || ratio < raised) return 'info';
  const since = overSince.get(bloat.oid);
  const isTwice = since !== undefined && Date.parse(server.now) - Date.parse(since) >= TWICE_SECONDS * 1000;
  return ratio >= actRatio && isTwice ? 'act' : 'warn';
}
