/** One thing that pg_restore could not do. */
export interface RestoreProblem {
  /** The archive entry, as pg_restore names it: `TABLE public orders shop`; `null` before the first entry. */
  readonly entry: string | null;
  readonly message: string;
  /** Why it takes nothing away from the restored data; `null` for what does. */
  readonly harmless: string | null;
}

const HARMLESS: readonly { readonly pattern: RegExp; readonly because: string; readonly ofNoEntry?: true }[] = [
  {
    ofNoEntry: true,
    // pg_restore 17 and later set it whatever the server
    pattern: /unrecognized configuration parameter "transaction_timeout"/,
    because: 'a setting that newer client programs send and this server does not know',
  },
  {
    // a dump with --schema=public holds CREATE SCHEMA public
    pattern: /schema "public" already exists/,
    because: 'every new database has a schema public',
  },
  {
    // pg_dump comments on extensions, which only their owner may
    pattern: /must be owner of extension .*\nCommand was: COMMENT ON EXTENSION/s,
    because: "an extension's comment is the extension's own",
  },
];

/** What an entry of the archive is called, with its schema: pg_restore leaves that out when it speaks of an error. */
export type NameOfEntry = (entry: { readonly id: number; readonly oid: number; readonly text: string }) => string | undefined;

/**
 * Reads what pg_restore printed, line by line, as problems, each with the archive entry it was working on.
 * The format is that of warn_or_exit_horribly in src/bin/pg_dump/pg_backup_archiver.c.
 */
export function readProblems(lines: readonly string[], nameOf: NameOfEntry = () => undefined): RestoreProblem[] {
  const problems: { entry: string | null; lines: string[] }[] = [];
  let entry: string | null = null;
  let open: { entry: string | null; lines: string[] } | null = null;
  for (const line of lines) {
    const said = /^pg_restore(?:\.exe)?: (.*)$/s.exec(line)?.[1];
    if (said === undefined) {
      open?.lines.push(line);
      continue;
    }
    open = null;
    const [, id, oid, text] = /^from TOC entry (\d+); \d+ (\d+) (.*)$/s.exec(said) ?? [];
    if (text !== undefined) entry = nameOf({ id: Number(id), oid: Number(oid), text }) ?? text;
    else if (/^while (?:INITIALIZING|FINALIZING)/.test(said)) entry = null;
    else if (said.startsWith('error: ')) {
      open = { entry, lines: [said.slice('error: '.length)] };
      problems.push(open);
    }
  }
  return problems.map((problem) => {
    const text = problem.lines.join('\n');
    const harmless = HARMLESS.find(({ pattern }) => pattern.test(text));
    return {
      // every session of pg_restore -j begins with its settings, whatever entry was the last one
      entry: harmless?.ofNoEntry ? null : withSchemaOfSequence(problem.entry, text),
      message: text.trim().replace(/^could not execute query: ERROR:\s+/, ''),
      harmless: harmless?.because ?? null,
    };
  });
}

/** The value of a sequence has no OID to know it by, but its statement says which one it is. */
function withSchemaOfSequence(entry: string | null, text: string): string | null {
  const schema = /setval\('("(?:[^"]|"")*"|[^".]+)\./.exec(text)?.[1];
  return entry === null || schema === undefined ? entry : entry.replace(/^SEQUENCE SET (?=\S+ \S+$)/, `SEQUENCE SET ${schema} `);
}
