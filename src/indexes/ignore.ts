import type { FindingKind, IndexFinding } from './finding.ts';

/** What somebody has decided to live with, and why. */
export interface IgnoreRule {
  /** `shop.orders_*`, or a name in whatever schema; `*` and `?` stand for others. */
  readonly object: string;
  /** `null` for findings of every kind. */
  readonly kind: FindingKind | null;
  readonly reason: string;
  /** The last day that it holds, as 2027-01-31; `null` for ever. */
  readonly until: string | null;
}

export interface Ignored<F> {
  readonly kept: readonly F[];
  readonly ignored: readonly { readonly finding: F; readonly rule: IgnoreRule }[];
  /** Rules whose day has passed, and that would hold something back. */
  readonly expired: readonly IgnoreRule[];
}

/** @param today as 2026-11-20 */
export function applyIgnores<F extends Pick<IndexFinding, 'kind' | 'object'>>(
  findings: readonly F[],
  rules: readonly IgnoreRule[],
  today: string,
): Ignored<F> {
  const compiled = rules.map((rule) => ({ rule, isMeant: matcher(rule), isOver: rule.until !== null && rule.until < today }));
  const ruleFor = (finding: F) => compiled.find(({ isMeant, isOver }) => !isOver && isMeant(finding))?.rule;
  return {
    kept: findings.filter((finding) => ruleFor(finding) === undefined),
    ignored: findings.flatMap((finding) => {
      const rule = ruleFor(finding);
      return rule === undefined ? [] : [{ finding, rule }];
    }),
    expired: compiled.filter(({ isMeant, isOver }) => isOver && findings.some(isMeant)).map(({ rule }) => rule),
  };
}

function matcher({ object, kind }: IgnoreRule): (finding: Pick<IndexFinding, 'kind' | 'object'>) => boolean {
  const whole = object.replaceAll(/[.*+?^${}()|[\]\\]/g, (c) => (c === '*' ? '.*' : c === '?' ? '.' : `\\${c}`));
  const pattern = new RegExp(object.includes('.') ? `^${whole}$` : `^(?:.*\\.)?${whole}$`, 's');
  return (finding) => (kind === null || finding.kind === kind) && pattern.test(finding.object);
}
