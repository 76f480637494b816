import { describe, expect, it, test } from 'vitest';
import { configFor, loadConfig } from '../../src/options/config.ts';
import { watchMarkdown } from '../../src/report/markdown/watch.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';
import { watchText } from '../../src/report/terminal/watch.ts';
import { judgeFreshness, type StoredBackup, type StoredProof } from '../../src/watch/freshness.ts';
import type { WatchResult } from '../../src/watch/watch.ts';
import { thrownBy } from '../harness/thrown.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const LIMITS = { maxBackupAgeSeconds: 26 * 3600, maxProofAgeSeconds: 8 * 86_400 };
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * 3_600_000).toISOString();

function backup(hours: number, readable = true): StoredBackup {
  const at = hoursAgo(hours);
  return { id: `${at.slice(0, 19).replaceAll(/[-:]/g, '')}Z-0000`, snapshotAt: readable ? at : null };
}

function proof(hours: number, verdict: StoredProof['verdict'] = 'proven', ofHours = hours + 5): StoredProof {
  return { backup: backup(ofHours).id, at: hoursAgo(hours), snapshotAt: hoursAgo(ofHours), verdict };
}

const judge = (backups: readonly StoredBackup[], proofs: readonly StoredProof[]) => judgeFreshness('shop', backups, proofs, LIMITS, NOW);
const messages = (backups: readonly StoredBackup[], proofs: readonly StoredProof[]) => judge(backups, proofs).findings.map(({ message }) => message);

describe('a database is fresh', () => {
  it.each<[string, StoredBackup[], StoredProof[]]>([
    ['with a backup and a proof of late', [backup(10)], [proof(5)]],
    ['at the very limits', [backup(26)], [proof(8 * 24)]],
    ['with older ones beside', [backup(10), backup(1000)], [proof(5), proof(2000, 'proven', 2100)]],
    ['when the newest drill failed, as long as the one before is young enough', [backup(10)], [proof(5, 'failed'), proof(7 * 24)]],
    ['when clocks differ by minutes', [backup(-0.1)], [proof(-0.1)]],
    ['when an older manifest cannot be read', [backup(10), backup(40, false)], [proof(5)]],
  ])('%s', (_, backups, proofs) => {
    expect(messages(backups, proofs)).toEqual([]);
  });

  it('and says how old the newest are', () => {
    expect(judge([backup(30), backup(10)], [proof(48), proof(24, 'failed')])).toMatchObject({
      newestBackup: { snapshotAt: hoursAgo(10) },
      newestBackupAgeSeconds: 36_000,
      newestProof: { at: hoursAgo(48) },
      newestProofAgeSeconds: 172_800,
    });
  });
});

describe('a database is stale', () => {
  it.each<[string, StoredBackup[], StoredProof[], RegExp[]]>([
    ['without any backup', [], [], [/no backup at all/]],
    ['when no backup can be read', [backup(5, false), backup(30, false)], [], [/It has 2 backups, and none can be read/]],
    ['when the newest backup is too old', [backup(27)], [proof(5)], [/newest backup is 1 d 3 h old, and 1 d 2 h are allowed/]],
    ['when the newest cannot be read', [backup(2, false), backup(10)], [proof(5)], [/Backup \S+ is newer than all that count/]],
    ['without a proof', [backup(5)], [], [/No drill has proven/]],
    ['when every drill failed', [backup(5)], [proof(1, 'failed'), proof(20, 'incomplete')], [/of 2, 1 failed and 1 could not examine/]],
    ['when the newest proof is too old', [backup(5)], [proof(9 * 24)], [/newest proof is 9 d old, and 8 d are allowed/]],
    ['when only a failed drill is young enough', [backup(5)], [proof(1, 'failed'), proof(9 * 24)], [/newest proof is 9 d old/]],
    ['when the proof is of an ancient backup', [backup(5)], [proof(1, 'proven', 100 * 24)], [/no recent backup is proven/]],
    ['when a backup is in the future', [backup(-48), backup(3)], [proof(5)], [/2 d in the future: a clock is wrong/]],
    ['when a proof is in the future', [backup(3)], [proof(-48)], [/proof is 2 d in the future/]],
    ['in several ways at once', [backup(30)], [proof(300)], [/newest backup/, /newest proof/]],
  ])('%s', (_, backups, proofs, expected) => {
    expect(messages(backups, proofs)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });
});

const HOSTILE = 'a|b<img src=x>\n::error::x @everyone \u001b[2J';

function resultOf(change: Partial<WatchResult> = {}): WatchResult {
  const fresh = judge([backup(10)], [proof(5)]);
  const rest = {
    storage: 'file:///backups',
    at: NOW.toISOString(),
    limits: LIMITS,
    databases: [fresh],
    workflows: null,
    notExamined: [],
    findings: [],
  };
  return { ok: true, stale: false, ...rest, ...change };
}

describe('the report of a watch', () => {
  const stale = judgeFreshness(HOSTILE, [], [], LIMITS, NOW);
  const workflow = {
    file: HOSTILE,
    schedules: ['17 2 * * *'],
    lastRunAt: null,
    dueAt: hoursAgo(10),
    findings: [{ object: HOSTILE, message: HOSTILE }],
  };
  const bad = resultOf({
    ok: false,
    stale: true,
    databases: [stale],
    workflows: [workflow],
    notExamined: [{ object: HOSTILE, reason: HOSTILE, expected: true }],
    findings: [...stale.findings, ...workflow.findings],
  });

  test('says the verdict first', () => {
    expect(watchText(resultOf(), PLAIN)).toMatch(/^FRESH Every database is fresh/);
    expect(watchText(bad, PLAIN)).toMatch(/^STALE .* is stale/);
    expect(watchText(resultOf({ ok: false, findings: workflow.findings }), PLAIN)).toMatch(/^NOT RUNNING /);
    expect(watchText(resultOf({ ok: false, notExamined: bad.notExamined }), PLAIN)).toMatch(/^INCOMPLETE /);
    expect(watchText(resultOf({ ok: false, stale: true, databases: [] }), PLAIN)).toMatch(/holds no backup of any/);
    expect(watchMarkdown(resultOf())).toMatch(/^## ✅ Fresh/);
    expect(watchMarkdown(bad)).toMatch(/^## ❌ Stale/);
    expect(watchMarkdown(resultOf({ ok: false, notExamined: bad.notExamined }))).toMatch(/^## ⚠️ Fresh, but/);
  });

  test('names databases, workflows and what nobody looked at, as text only', () => {
    const text = watchText(bad, PLAIN);
    expect(text).toMatch(/17 2 \* \* \*/);
    expect(text).toContain('Not examined:');
    for (const forbidden of ['\u001b', '\n::error']) expect(text).not.toContain(forbidden);
    const markdown = watchMarkdown(bad);
    for (const forbidden of ['\u001b', '\n::error', '<img', '@everyone']) expect(markdown).not.toContain(forbidden);
    const cells = markdown.split('\n').filter((line) => line.startsWith('| ❌'));
    expect(cells.map((line) => line.split('|').length)).toEqual([7, 6]);
  });

  test('stays small whatever the number of databases', () => {
    const databases = Array.from({ length: 5000 }, (_, i) => judgeFreshness(`${HOSTILE.repeat(9)}${i}`, [], [], LIMITS, NOW));
    const many = resultOf({ ok: false, stale: true, databases, findings: databases.flatMap(({ findings }) => findings) });
    expect(watchMarkdown(many).length).toBeLessThan(1_000_000);
    expect(watchMarkdown(many)).toContain('and 4,800 more');
  });
});

describe('lifeboat.yml and watch', () => {
  const read = (yaml: string, given: Record<string, unknown> = {}) => configFor(loadConfig('lifeboat.yml', yaml), 'watch', given);

  test.each<[string, string, Record<string, unknown>, Record<string, unknown>]>([
    ['all of its databases', 'storage: s3://b\ndatabases: { shop: {}, crm: {} }', {}, { storage: 's3://b', database: ['shop', 'crm'] }],
    ['the one that is asked for, with its own store', ownSettings(), { database: ['crm'] }, { storage: 's3://c', database: ['crm'] }],
    ['as an input writes it', ownSettings(), { database: ' shop \n' }, { storage: 's3://b', database: ['shop'], maxBackupAge: '3d' }],
    ['one that only the store knows', ownSettings(), { database: ['old'] }, { storage: 's3://b', database: ['old'] }],
    ['none', 'storage: s3://b', {}, { storage: 's3://b', database: [] }],
  ])('it looks at %s', (_, yaml, given, expected) => {
    expect(read(yaml, given)).toEqual(expected);
  });

  test('those with settings of their own are looked at one at a time', () => {
    const error = thrownBy(() => read(ownSettings()));
    expect(error.message).toMatch(/--database must name one at a time: .* for shop, crm/);
  });
});

function ownSettings(): string {
  return 'storage: s3://b\ndatabases:\n  shop: { watch: { max-backup-age: 3d } }\n  crm: { storage: s3://c }\n  blog: {}\n';
}
