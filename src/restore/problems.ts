/** One thing that pg_restore could not do. */
export interface RestoreProblem {
  /** The archive entry, as pg_restore names it: `TABLE public orders shop`; `null` before the first entry. */
  readonly entry: string | null;
  readonly message: string;
  /** Why it takes nothing away from the restored data; `null` for what does. */
  readonly harmless: string | null;
}

const HARMLESS: readonly { readonly pattern: RegExp; readonly because: string }[] = [
  {
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

/**
 * Reads what pg_restore printed, line by line, as problems, each with the archive entry it was working on.
 * The format is that of warn_or_exit_horribly in src/bin/pg_dump/pg_backup_archiver.c.
 */
export function readProblems(lines: readonly string[]): RestoreProblem[] {
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
    const at = /^from TOC entry \d+; \d+ \d+ (.*)$/.exec(said)?.[1];
    if (at !== undefined) entry = at;
    else if (/^while (?:INITIALIZING|FINALIZING)/.test(said)) entry = null;
    else if (said.startsWith('error: ')) {
      open = { entry, lines: [said.slice('error: '.length)] };
      problems.push(open);
    }
  }
  return problems.map((problem) => {
    const text = problem.lines.join('\n');
    return {
      entry: problem.entry,
      message: text.trim().replace(/^could not execute query: ERROR:\s+/, ''),
      harmless: HARMLESS.find(({ pattern }) => pattern.test(text))?.because ?? null,
    };
  });
}
