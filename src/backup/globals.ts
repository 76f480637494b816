import { buffer } from 'node:stream/consumers';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { databaseArgument } from '../postgres/connection-string.ts';
import type { Installation } from '../postgres/programs.ts';
import { startProgram } from '../postgres/run.ts';
import type { ConnectionTarget } from '../postgres/url.ts';

/**
 * Roles and memberships as SQL, without passwords; or, where the role may not read them, the reason.
 * They are small, so they are read whole before anything is stored: what failed midway must not become a part.
 */
export async function readGlobals(
  target: ConnectionTarget,
  installation: Installation,
  context: Context,
): Promise<Buffer | { readonly unreadable: string }> {
  const program = startProgram({
    installation,
    program: 'pg_dumpall',
    args: ['--roles-only', '--no-role-passwords', '--no-password', `--database=${databaseArgument(target.database)}`],
    target,
    context,
  });
  program.stdin.end();
  try {
    const [sql] = await Promise.all([buffer(program.stdout), program.done]);
    return sql;
  } catch (error) {
    // A lost connection, say, is no reason to make a backup without roles.
    const refused =
      error instanceof LifeboatError && ['client-failed', 'table-not-readable', 'authentication-failed', 'database-missing'].includes(error.code);
    if (context.signal.aborted || !refused) throw error;
    return { unreadable: error.message };
  }
}
