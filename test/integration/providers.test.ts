import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../src/backup/backup.ts';
import { findBackup } from '../../src/catalog/backups.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { preflightOptions } from '../../src/options/preflight.ts';
import { preflight } from '../../src/preflight/preflight.ts';
import { openFileStore } from '../../src/storage/file.ts';
import { recordingContext, runBackup, runDrill, temporaryStore, urlOf } from '../harness/engine.ts';
import { notShown } from '../harness/skipped.ts';
import { type SupabaseImitation, startSupabaseImitation } from '../harness/supabase.ts';
import { rejectionOf } from '../harness/thrown.ts';

let supabase: SupabaseImitation;
let storage: string;
let manifest: Manifest;
let taken: BackupResult;
beforeAll(async () => {
  supabase = await startSupabaseImitation();
  storage = (await temporaryStore()).url;
  taken = await runBackup(supabase.target, storage);
  manifest = (await findBackup(openFileStore(storage), 'app', taken.id, new AbortController().signal)).manifest;
});
afterAll(() => supabase?.stop());

describe('a backup of a database that looks like one of Supabase', () => {
  test('says whose server it is, and who has to be a superuser for it', () => {
    expect(manifest.source.provider).toBe('supabase');
    expect(manifest.superusers).toEqual(['supabase_admin']);
    expect(manifest.extensions.find(({ name }) => name === 'pgcrypto')?.privileges).toEqual(['extensions.digest(pg_catalog.text,pg_catalog.text)']);
  });

  test('is proven in a plain Postgres, with a list of what is not', async () => {
    if (!supabase.complete) return notShown('drill: extensions of Supabase', 'the extension folder cannot be written');
    const { ok, proof } = await runDrill('app', storage);
    expect(proof.checks.flatMap(({ name, findings }) => findings.map((finding) => ({ name, ...finding })))).toEqual([]);
    expect({ ok, verdict: proof.verdict, rows: proof.rows }).toEqual({ ok: true, verdict: 'proven', rows: 120 });
    const skipped = proof.checks.flatMap(({ name, skipped: all }) => all.map(({ object, reason }) => `${name}: ${object}: ${reason}`));
    for (const expected of [
      /^schema: extension pg_graphql: hangs on the extension pg_graphql/,
      /^schema: extension supabase_vault: hangs on the extension supabase_vault/,
      /^schema: extension supabase_vault: secrets of the vault are encrypted by a key that Supabase keeps/,
      /^schema: role supabase_admin: a role of Supabase/,
      /^rows: vault\.secrets: hangs on the extension supabase_vault/,
      /^restore: ACL .*resolve/,
    ]) {
      expect(
        skipped.some((line) => expected.test(line)),
        `${expected} of\n${skipped.join('\n')}`,
      ).toBe(true);
    }
    expect(skipped.filter((line) => /auth\.users|public\.notes|storage\.objects|pgrst_ddl_watch|supabase_realtime|pgcrypto/.test(line))).toEqual([]);
  });

  test("passes its preflight, which says what is the provider's own", async () => {
    const given = preflightOptions.parse({ databaseUrl: urlOf(supabase.target), storage });
    const { provider, checks } = await preflight(given, recordingContext());
    const source = new Map(checks.filter(({ area }) => area === 'source').map((check) => [check.name, check]));
    const amiss = [...source.values()].filter(({ verdict }) => verdict !== 'pass').map(({ name }) => name);
    expect({ provider, amiss }).toEqual({ provider: 'Supabase', amiss: [] });
    for (const schema of ['auth', 'storage']) expect(source.get('provider')?.says).toContain(schema);
    if (supabase.complete)
      expect(source.get('extensions')?.says).toContain('A drill lists pg_graphql, supabase_vault as not proven: only Supabase has them.');
    expect(source.get('roles')?.says).toMatch(/and \d+ roles of Supabase\. On the target supabase_admin must be a superuser/);
  });

  test.each(['none', 'neon'])('is refused by a drill with the profile %s, which expects none of it', async (profile) => {
    if (!supabase.complete) return;
    expect(await rejectionOf(runDrill('app', storage, { profile }))).toMatchObject({
      code: 'extension-missing',
      message: expect.stringMatching(/pg_graphql, supabase_vault/),
      remedy: expect.stringContaining('--profile supabase'),
    });
  });
});
