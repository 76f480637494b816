import type { CopyToStore } from '../copy/to-store.ts';
import type { DrillResult } from '../drill/drill.ts';
import type { ErrorCode, LifeboatError } from '../errors.ts';
import { MANIFEST_NAME } from '../format/layout.ts';
import type { PreflightResult } from '../preflight/preflight.ts';
import type { VerifyResult } from '../verify/verify.ts';
import { drillHeadline } from './headline.ts';

/** An error's own, and those of results that are no errors. */
export type ProblemCode = ErrorCode | 'bug' | 'not-proven' | 'target-missed' | 'not-rebuilt' | 'preflight';

/** Something a person should see without reading the whole report. */
export interface Problem {
  readonly level: 'error' | 'warning';
  readonly code: ProblemCode | null;
  /** Begins with the code, where there is one. */
  readonly title: string;
  readonly message: string;
  /** May be empty. */
  readonly remedy: string;
}

/** An error, and each of the things that it counts in its details. */
export function errorProblems({ code, message, remedy, details }: LifeboatError): Problem[] {
  const failed = Array.isArray(details['failed']) ? details['failed'].map(String) : [];
  const error: Problem = { level: 'error', code, title: code, message, remedy };
  return [error, ...failed.slice(1).map((one): Problem => ({ ...error, message: one, remedy: '' }))];
}

/** Everything that a preflight says would fail, and what it warns of. What could not be looked at is in the summary. */
export function preflightProblems({ checks }: PreflightResult): Problem[] {
  return checks.flatMap(({ area, name, remarks }) =>
    remarks.flatMap(({ level, message, remedy }) => {
      if (level === 'not-run') return [];
      return [
        {
          level: level === 'fail' ? ('error' as const) : ('warning' as const),
          code: 'preflight' as const,
          title: `preflight: ${area}, ${name}`,
          message,
          remedy,
        },
      ];
    }),
  );
}

/** What keeps a drill from being a proof: the verdict, each finding, each check that did not run; nothing when it is one. */
export function drillProblems(result: DrillResult): Problem[] {
  if (result.ok) return [];
  const { checks, verdict } = result.proof;
  const of = { level: 'error', code: verdict === 'proven' ? 'target-missed' : 'not-proven', remedy: '' } as const;
  const remedy =
    verdict === 'failed'
      ? 'Do not count on this backup: keep another one, and read the findings in the summary and in the proof.'
      : verdict === 'incomplete'
        ? 'Make what could not be examined possible, or accept that it is not proven.'
        : 'Make the recovery faster or the backups more frequent, or set another target.';
  return [
    { ...of, title: of.code, message: drillHeadline(result), remedy },
    ...checks.flatMap(({ name, findings }) =>
      findings.map(({ object, message }) => ({ ...of, title: `not-proven: ${name}`, message: `${object}: ${message}` })),
    ),
    ...checks
      .filter((check) => check.verdict === 'not-run')
      .map(({ name, reason = 'it did not run' }) => ({ ...of, level: 'warning' as const, title: `not examined: ${name}`, message: reason })),
  ];
}

/** What was not copied, and why: each store that failed as a whole once, and each backup that failed by itself. */
export function copyProblems(copies: readonly CopyToStore[]): Problem[] {
  return copies.flatMap(({ storage, problem, backups }): Problem[] => {
    const whole = problem === null ? [] : [{ ...problem, message: `Copying to ${storage} ended: ${problem.message}` }];
    const single = backups.flatMap((backup) =>
      backup.problem === undefined || backup.problem === problem
        ? []
        : [{ ...backup.problem, message: `Backup ${backup.id} of ${backup.database} was not copied to ${storage}: ${backup.problem.message}` }],
    );
    return [...whole, ...single].map((one) => ({ level: 'error', title: `not copied: ${one.code}`, ...one }));
  });
}

/** What is damaged, and what nobody could read. */
export function verifyProblems({ backups }: VerifyResult): Problem[] {
  return backups.flatMap(({ database, id, verdict, findings, notExamined }): Problem[] => {
    const where = `Backup ${id} of ${database}`;
    if (verdict === 'not-examined') {
      return notExamined.map(({ reason }) => ({ level: 'error', code: null, title: 'not examined', message: `${where}: ${reason}`, remedy: '' }));
    }
    const remedy =
      'Do not count on this backup: keep another one, copy it anew from a store where it is whole, and find out what touched the object.';
    return findings.map(({ object, message }) => ({
      level: 'error',
      // a manifest says by itself what is wrong with it
      code: object === MANIFEST_NAME ? null : 'part-corrupt',
      title: 'damaged',
      message: `${where}: ${object}: ${message}`,
      remedy,
    }));
  });
}
