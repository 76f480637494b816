import { describe, expect, test } from 'vitest';
import { runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';

describe.each(majors())('event triggers on Postgres %i', (major) => {
  test('that forbid every change, and every login, do not disturb a drill', async () => {
    const source = await freshDatabase(major);
    await runSql(
      source,
      `CREATE TABLE notes (id int PRIMARY KEY, note text);
       INSERT INTO notes SELECT i, 'note ' || i FROM generate_series(1, 100) i;
       CREATE FUNCTION forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no changes here'; END $$;
       CREATE EVENT TRIGGER no_changes ON ddl_command_start EXECUTE FUNCTION forbid();`,
    );
    if (major >= 17) {
      await runSql(
        source,
        `ALTER EVENT TRIGGER no_changes DISABLE;
         CREATE FUNCTION keep_out() RETURNS event_trigger LANGUAGE plpgsql AS $$
           BEGIN IF current_database() = 'restored' THEN RAISE EXCEPTION 'nobody gets in'; END IF; END $$;
         CREATE EVENT TRIGGER keep_out ON login EXECUTE FUNCTION keep_out();
         ALTER EVENT TRIGGER keep_out ENABLE ALWAYS;
         ALTER EVENT TRIGGER no_changes ENABLE;`,
      );
    }
    const store = await temporaryStore();
    await runBackup(source, store.url, { database: 'guarded' });
    const { proof } = await runDrill('guarded', store.url);
    expect(proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
    expect(proof.verdict).toBe('proven');
  });
});
