/** Something about a database or a store that a person should act on, or that nobody could look at. */
export interface Remark {
  readonly level: 'warn' | 'fail' | 'not-run';
  readonly message: string;
  /** SQL, a setting or a command; for `not-run`, what makes it possible. May be empty. */
  readonly remedy: string;
  /** What it is about, where that is a list: tables, roles. */
  readonly objects: readonly string[];
}

export interface Judgement {
  /** What was seen, in one sentence, also where all is well. */
  readonly says: string;
  readonly remarks: readonly Remark[];
}

export type PreflightVerdict = 'pass' | 'warn' | 'fail' | 'not-run';

export interface PreflightCheck extends Judgement {
  readonly area: 'source' | 'store';
  readonly name: string;
  readonly verdict: PreflightVerdict;
}

export function pass(says: string): Judgement {
  return { says, remarks: [] };
}

/** What was seen, and what is wrong with it; nothing wrong is a pass. */
export function judged(says: string, remarks: readonly (Remark | null)[]): Judgement {
  return { says, remarks: remarks.filter((remark) => remark !== null) };
}

export function fail(message: string, remedy: string, objects: readonly string[] = []): Remark {
  return { level: 'fail', message, remedy, objects };
}

export function warn(message: string, remedy: string, objects: readonly string[] = []): Remark {
  return { level: 'warn', message, remedy, objects };
}

/** What nobody could look at: never a pass. */
export function unknown(message: string, remedy = ''): Remark {
  return { level: 'not-run', message, remedy, objects: [] };
}

/** A judgement that is one remark. */
export function only(remark: Remark): Judgement {
  return { says: remark.message, remarks: [remark] };
}

/** The worst that any remark says. */
export function verdictOf({ remarks }: Judgement): PreflightVerdict {
  return (['fail', 'warn', 'not-run'] as const).find((level) => remarks.some((remark) => remark.level === level)) ?? 'pass';
}
