import type { Check, Finding } from '../../format/proof.ts';

export interface Examination {
  readonly name: string;
  readonly examined: number;
  readonly findings: readonly Finding[];
  readonly skipped?: Check['skipped'];
  readonly reason?: string | undefined;
}

/** A check that ran: it passes when it found nothing. */
export function ran({ name, examined, findings, skipped = [], reason }: Examination): Check {
  return {
    name,
    verdict: findings.length === 0 ? 'pass' : 'fail',
    examined,
    ...(reason === undefined ? {} : { reason }),
    findings: [...findings],
    skipped,
  };
}

export function notRun(name: string, reason: string): Check {
  return { name, verdict: 'not-run', examined: 0, reason, findings: [], skipped: [] };
}
