import { LifeboatError } from '../errors.ts';
import { type Facts, RULES, type Rule } from './error-rules.ts';
import { type ConnectionTarget, describeTarget } from './url.ts';

/** How a client program ended: an exit code, or the signal that killed it. */
export interface ProgramExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * Turns what node-postgres, a socket or TLS threw into a LifeboatError, with the original as its cause.
 * What no rule knows becomes `query-failed` with the SQLSTATE in `details`. A LifeboatError passes through unchanged.
 */
export function fromPostgres(error: unknown, target?: ConnectionTarget): LifeboatError {
  if (error instanceof LifeboatError) return error;
  const seen = asSeen(error);
  const facts: Facts = { where: target ? describeTarget(target) : 'the server', text: seen.text, table: tableIn(seen.text) };
  const details = {
    ...(seen.sqlstate === undefined ? {} : { sqlstate: seen.sqlstate }),
    ...(seen.system === undefined ? {} : { system: seen.system }),
    ...(facts.table === undefined ? {} : { table: facts.table }),
  };
  const rule = RULES.find((candidate) => matches(candidate, seen));
  if (rule) {
    const told = rule.tell(facts);
    return new LifeboatError(rule.code, told.message, told.remedy, { details, cause: error });
  }
  const state = seen.sqlstate === undefined ? '' : ` (SQLSTATE ${seen.sqlstate})`;
  return new LifeboatError(
    'query-failed',
    `A query failed on ${facts.where}${state}: ${sentence(firstLine(seen.text))}`,
    'See the message of Postgres.',
    {
      details,
      cause: error,
    },
  );
}

/**
 * Turns the stderr of pg_dump, pg_dumpall, pg_restore or psql into a LifeboatError: by the same rules, else `client-failed`
 * with the last line that speaks of an error in the message and the last 20 lines in `details.stderr`.
 */
export function fromStderr(program: string, lines: readonly string[], exit: ProgramExit, target?: ConnectionTarget): LifeboatError {
  const text = lines.join('\n');
  const facts: Facts = { where: target ? describeTarget(target) : 'the server', text, table: tableIn(text), program };
  const ending = exit.signal === null ? `exit status ${exit.code}` : `killed by ${exit.signal}`;
  const details = {
    program,
    exitCode: exit.code,
    signal: exit.signal,
    stderr: lines.slice(-20),
    ...(facts.table === undefined ? {} : { table: facts.table }),
  };
  const rule = RULES.find((candidate) => candidate.pattern?.test(text));
  if (rule) {
    const told = rule.tell(facts);
    return new LifeboatError(rule.code, told.message, told.remedy, { details });
  }
  const last = lines.findLast((line) => /error|fatal|panic/i.test(line)) ?? lines.findLast((line) => line.trim() !== '');
  return new LifeboatError(
    'client-failed',
    `${program} failed (${ending})${last === undefined ? ' and said nothing.' : `: ${sentence(last)}`}`,
    exit.signal === 'SIGKILL' ? 'Look for what killed it: most often the machine ran out of memory.' : `See the last lines of ${program}.`,
    { details },
  );
}

/**
 * A line of stderr or of a server's log without the row values that Postgres quotes in it: no value of a row may reach a log.
 * Sources: COPY's CONTEXT line, the DETAIL lines of constraint violations, and what the input functions of types say.
 */
export function withoutRowValues(line: string): string {
  return (
    line
      // a line of its own where a function stands before it in the context
      .replace(/^((?:.*CONTEXT:\s+)?COPY .+?, line \d+).*$/s, '$1')
      .replace(/^(.*DETAIL:\s+Key \([^)]*\)=\()(.*)(\).*)$/s, '$1…$3')
      .replace(/^(.*DETAIL:\s+Failing row contains \().*$/s, '$1…).')
      .replace(/(invalid byte sequence[^:]*:).*$/s, '$1 …')
      // a value comes last, after a colon, in what the input functions of types say
      .replace(/((?:ERROR|error|SQLSTATE)\b.*?): ".*$/s, '$1: …')
      .replace(/\bvalue ".*" (is out of range)/s, 'a value $1')
      .replace(/^(.*(?:DETAIL:\s+(?:Token|Expected|Array|The input string|Character with value)|CONTEXT:\s+JSON data)).*$/s, '$1 …')
  );
}

interface Seen {
  readonly text: string;
  readonly sqlstate?: string | undefined;
  readonly system?: string | undefined;
}

function asSeen(error: unknown): Seen {
  if (!(error instanceof Error)) return { text: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const text = error.message || code || error.name;
  // Only the server's own errors have a severity; everything else with a code is the system's or TLS's.
  if ('severity' in error) return { text, sqlstate: code };
  return { text, system: code };
}

function matches(rule: Rule, seen: Seen): boolean {
  if (seen.sqlstate !== undefined) {
    if (rule.sqlstates?.some((state) => seen.sqlstate?.startsWith(state))) return rule.narrowedBy?.test(seen.text) ?? true;
    return false;
  }
  if (seen.system !== undefined && rule.system?.test(seen.system)) return true;
  return rule.pattern?.test(seen.text) ?? false;
}

/** The object that Postgres names in a refusal, as it names it (not schema-qualified, unless pg_dump adds its statement). */
function tableIn(text: string): string | undefined {
  const locked = /LOCK TABLE ((?:"(?:[^"]|"")*"|[^\s".,]+)\.(?:"(?:[^"]|"")*"|[^\s",]+)) IN/.exec(text)?.[1];
  return (
    locked ??
    /(?:permission denied for|policy for|lock on|could not lock) (?:table|relation|view|materialized view|sequence|foreign table)? ?"?([^"\n]+?)"?$/m.exec(
      text,
    )?.[1]
  );
}

function firstLine(text: string): string {
  return withoutRowValues(text.split('\n', 1)[0] ?? '');
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
