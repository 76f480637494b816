import { quoteIdentifier } from '../../postgres/identifiers.ts';
import type { LargeObjectFacts } from '../../postgres/preflight/objects.ts';
import { count, counted } from '../../report/format.ts';
import { fail, type Judgement, only, pass, warn } from '../judgement.ts';

/** Above this, the comments, owners and rights of each make pg_dump and a restore take memory and time. */
const MANY = 1_000_000;

/** @param leftOut pg_dump leaves them out as soon as it is told which schemas to dump */
export function judgeLargeObjects(facts: LargeObjectFacts, role: string, leftOut: boolean): Judgement {
  if (facts.count === 0) return pass('There are no large objects.');
  const there = counted(facts.count, 'large object');
  if (leftOut) {
    return only(
      warn(
        `${there}: a backup with --schema holds none of them.`,
        'Back the whole database up, with --exclude-schema for what is not wanted, if they matter.',
      ),
    );
  }
  if (facts.unreadable > 0) {
    return only(
      fail(
        `The role ${role} may not read ${count(facts.unreadable)} of ${there}; pg_read_all_data gives no right to them.`,
        `As their owner or a superuser: DO $$ DECLARE o oid; BEGIN FOR o IN SELECT oid FROM pg_largeobject_metadata LOOP EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO ${quoteIdentifier(role)}', o); END LOOP; END $$; or back up with the role that owns them.`,
      ),
    );
  }
  if (facts.count > MANY)
    return only(
      warn(
        `${there}: pg_dump keeps something of each in memory, and a restore makes them one by one.`,
        'Give the runner memory, and the drill time; better, keep such files in a store of their own.',
      ),
    );
  return pass(`The role ${role} may read all of ${there}.`);
}
