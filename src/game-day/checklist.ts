import { z } from 'zod';
import { badConfig, readYaml } from '../options/config-yaml.ts';
import { age, time } from '../report/format.ts';
import type { MachineFacts } from './facts.ts';

/** What only people know, as they last said it. */
export type Confirmations = Readonly<Record<string, Confirmation>>;
export interface Confirmation {
  /** A day: 2026-11-20. */
  readonly confirmed: string;
  readonly by: string;
  readonly evidence?: string | undefined;
}

export interface ChecklistItem {
  readonly title: string;
  /** Who answers: a machine looks, and of what people say somebody has to say it again after 90 days. */
  readonly source: 'machine' | 'people';
  /** `unknown`: nobody could look, or nobody has ever said. */
  readonly verdict: 'yes' | 'no' | 'unknown' | 'expired';
  readonly evidence: string;
  /** ISO time or day that the evidence is of; `null` without any. */
  readonly date: string | null;
}

const text = z.string('is not text').min(1, 'is empty');
const confirmation = z.strictObject({
  confirmed: z.iso.date('is not a day like 2026-11-20'),
  by: text,
  evidence: text.optional(),
});

const PEOPLE = {
  'alerts-tried': 'Alerts were tried: somebody made a backup fail, and heard of it',
  'people-trained': 'Everybody on call has restored a database with the runbook',
  'contacts-current': 'Contacts and access of everybody who may be needed are current',
} as const;

const VALID_DAYS = 90;
const PROOF_DAYS = 7;
const DAY_MS = 86_400_000;

/**
 * Reads `runbooks/drills/checklist.yml`.
 * @throws LifeboatError `bad-config`
 */
export function parseConfirmations(path: string, yaml: string): Confirmations {
  const { value, locate } = readYaml(path, yaml);
  const shape = Object.fromEntries(Object.keys(PEOPLE).map((key) => [key, confirmation.nullish()]));
  const parsed = z.strictObject(shape).safeParse(value ?? {});
  if (!parsed.success) {
    throw badConfig(
      path,
      parsed.error.issues.map((issue) => ({ ...locate(issue.path), message: `${issue.path.join('.') || 'the file'} ${issue.message}` })),
    );
  }
  return Object.fromEntries(Object.entries(parsed.data).flatMap(([key, said]) => (said ? [[key, said]] : [])));
}

/** The checklist, evaluated and not ticked. Without `facts` a machine knows nothing. */
export function evaluateChecklist(facts: MachineFacts | null, confirmations: Confirmations, rpoSeconds: number, now: Date): ChecklistItem[] {
  const people = Object.entries(PEOPLE).map(([key, title]) => ({ title, source: 'people' as const, ...judge(confirmations[key], now) }));
  return [...machineItems(facts, rpoSeconds, now), ...people];
}

function machineItems(facts: MachineFacts | null, rpoSeconds: number, now: Date): ChecklistItem[] {
  const items = {
    on: 'Backups are on',
    copies: 'The newest backup is in two places',
    proven: 'A restore was proven this week',
  };
  if (facts === null) {
    const unseen = { source: 'machine', verdict: 'unknown', evidence: 'no store was given to look into', date: null } as const;
    return Object.values(items).map((title) => ({ title, ...unseen }));
  }
  const { newestBackup, proofs, copies } = facts;
  const secondsSince = (iso: string) => (now.getTime() - Date.parse(iso)) / 1000;
  const proven = proofs.find(({ verdict }) => verdict === 'proven') ?? null;
  const machine = (title: string, yes: boolean, evidence: string, date: string | null): ChecklistItem => ({
    title,
    source: 'machine',
    verdict: yes ? 'yes' : 'no',
    evidence,
    date,
  });
  const holding = copies.filter(({ holdsNewest }) => holdsNewest);
  return [
    newestBackup === null
      ? machine(items.on, false, `${facts.storage} holds no backup`, null)
      : machine(
          items.on,
          secondsSince(newestBackup.at) <= rpoSeconds,
          `the newest, ${newestBackup.id}, is ${age(newestBackup.at, now)} old`,
          newestBackup.at,
        ),
    copies.length === 0
      ? machine(items.copies, false, 'no second copy is configured', null)
      : machine(
          items.copies,
          newestBackup !== null && holding.length > 0,
          holding.length > 0
            ? `${facts.storage} and ${holding.map(({ storage }) => storage).join(' and ')}`
            : `it is not in ${copies.map(({ storage }) => storage).join(' or ')}`,
          newestBackup?.at ?? null,
        ),
    proven === null
      ? machine(items.proven, false, 'there is no proof', null)
      : machine(
          items.proven,
          secondsSince(proven.at) <= PROOF_DAYS * 86_400,
          `backup ${proven.backup} was proven ${time(proven.at)}: ${age(proven.at, now)} ago`,
          proven.at,
        ),
  ];
}

function judge(said: Confirmation | undefined, now: Date): Pick<ChecklistItem, 'verdict' | 'evidence' | 'date'> {
  if (said === undefined) return { verdict: 'unknown', evidence: 'nobody has said so', date: null };
  const days = Math.floor((now.getTime() - Date.parse(said.confirmed)) / DAY_MS);
  const evidence = `${said.by} said so${said.evidence === undefined ? '' : `: ${said.evidence}`}`;
  if (days < 0) return { verdict: 'unknown', evidence: `${evidence}, but on a day that is yet to come`, date: said.confirmed };
  if (days > VALID_DAYS)
    return { verdict: 'expired', evidence: `${evidence}, ${days} days ago; after ${VALID_DAYS} it has to be said again`, date: said.confirmed };
  return { verdict: 'yes', evidence, date: said.confirmed };
}
