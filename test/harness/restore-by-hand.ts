import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Connection, connectionEnvironment } from './stock-client.ts';

/** What a person would type on a machine that has nothing but zstd, Postgres and, for a backup that is encrypted, age. */
const SCRIPT = String.raw`
set -uo pipefail

# A pg_restore newer than the server sets a parameter that the server does not know: that, and nothing else, is forgiven.
restore() {
  "$BINDIR/pg_restore" --dbname="$PGDATABASE" "$@" 2> "$WORK/errors"
  local status=$?
  if [ $status -eq 0 ]; then return 0; fi
  if [ $status -eq 1 ] && ! grep -q -v -x \
    -e 'pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"' \
    -e 'Command was: SET transaction_timeout = 0;' \
    -e 'pg_restore: warning: errors ignored on restore: [0-9]*' \
    -e 'pg_restore: while .*' -e '' "$WORK/errors"; then return 0; fi
  echo "pg_restore $* ended with status $status" >&2
  cat "$WORK/errors" >&2
  return 1
}

plain() {
  case "$1" in
    *.age) age -d -i "$KEY" "$1" | zstd -q -d -c ;;
    *) zstd -q -d -c "$1" ;;
  esac
}

plain "$FOLDER"/schema*.dump.zst* | restore --section=pre-data || exit 1
for part in "$FOLDER"/data-*.dump.zst*; do
  plain "$part" | restore --section=data || { echo "in $part" >&2; exit 1; }
done
plain "$FOLDER"/schema*.dump.zst* > "$WORK/schema.dump" || exit 1
restore --section=post-data "$WORK/schema.dump"
`;

/**
 * Restores a backup's folder into an empty database with stock tools only: bash, zstd, pg_restore, and age for one that is encrypted.
 * The roles that the backup refers to must be there. Throws with what the tools said.
 */
export async function restoreByHand(folder: string, target: Connection, clientBindir: string, key = ''): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'by-hand-'));
  try {
    await execa('bash', ['-c', SCRIPT], {
      env: { ...connectionEnvironment(target), BINDIR: clientBindir, FOLDER: folder, WORK: work, KEY: key, LC_MESSAGES: 'C' },
      stdin: 'ignore',
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
