import { LifeboatError } from '../errors.ts';

/** A name pattern as two Postgres regular expressions; without a schema it means whatever the search path shows. */
export interface NamePattern {
  readonly schema: string | null;
  readonly name: string;
}

/**
 * Reads one of pg_dump's table patterns (`shop.order*`, `"Odd.Name"`) as pg_dump itself does:
 * processSQLNamePattern in src/fe_utils/string_utils.c.
 */
export function tablePattern(pattern: string): NamePattern {
  const parts = splitPattern(pattern);
  if (parts.length > 2) {
    throw new LifeboatError(
      'bad-option',
      `The pattern ${pattern} has more than one dot outside double quotes.`,
      'Write schema.table, and put double quotes around a name that holds a dot: "my.table".',
    );
  }
  return parts.length === 2 ? { schema: parts[0] as string, name: parts[1] as string } : { schema: null, name: parts[0] as string };
}

/** The same for a schema pattern, which is a name alone. */
export function schemaPattern(pattern: string): string {
  const parts = splitPattern(pattern);
  if (parts.length > 1) {
    throw new LifeboatError(
      'bad-option',
      `The schema pattern ${pattern} has a dot outside double quotes.`,
      'Name the schema alone, and put double quotes around a name that holds a dot: "my.schema".',
    );
  }
  return parts[0] as string;
}

function splitPattern(pattern: string): string[] {
  const parts: string[] = [''];
  const add = (text: string) => {
    parts[parts.length - 1] += text;
  };
  let quoted = false;
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i] as string;
    if (c === '"') {
      if (quoted && characters[i + 1] === '"') {
        add('"');
        i++;
      } else quoted = !quoted;
    } else if (quoted) add(/[|*+?()[\]{}.^$\\]/.test(c) ? `\\${c}` : c);
    else if (c === '*') add('.*');
    else if (c === '?') add('.');
    else if (c === '.') parts.push('');
    else if (c === '$') add('\\$');
    // pg_dump folds ASCII letters only, like an unquoted identifier in SQL
    else add(c.replace(/[A-Z]/, (letter) => letter.toLowerCase()));
  }
  return parts.map((part) => `^(${part})$`);
}
