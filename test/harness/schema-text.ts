import type { Fact } from './facts.ts';
import { type Connection, stockClient } from './stock-client.ts';

const HEADER = /^-- Name: (?<name>.*); Type: (?<type>[A-Z ]+); Schema: (?<schema>.*); Owner: (?<owner>.*)$/;

/** Columns come in an order that a restore may change, grants in the order they were made. */
const UNORDERED = new Set(['TABLE', 'FOREIGN TABLE', 'ACL', 'DEFAULT ACL']);

interface Entry {
  readonly type: string;
  readonly object: string;
  readonly lines: string[];
}

/** `pg_dump --schema-only` as one text per archive entry; the settings between them come and go with the order of entries. */
export async function readSchemaText(bindir: string, connection: Connection): Promise<Map<string, Fact>> {
  const { stdout } = await stockClient(bindir, 'pg_dump', ['--schema-only'], connection, { maxBuffer: 1_000_000_000 });
  const texts = new Map<string, { kind: string; object: string; texts: string[] }>();
  for (const { type, object, lines } of entriesOf(stdout as string)) {
    const key = `${type} ${object}`;
    const fact = texts.get(key) ?? { kind: type, object, texts: [] };
    fact.texts.push(normalise(type, lines));
    texts.set(key, fact);
  }
  return new Map([...texts].map(([key, { kind, object, texts: all }]) => [`dumped ${key}`, { kind, object, value: all.sort().join('\n;;\n') }]));
}

function entriesOf(dump: string): Entry[] {
  const entries: Entry[] = [];
  for (const line of dump.split('\n')) {
    const { name, type, schema, owner } = HEADER.exec(line)?.groups ?? {};
    if (type) entries.push({ type, object: `${schema}.${name}, owned by ${owner}`, lines: [] });
    else entries.at(-1)?.lines.push(line);
  }
  return entries;
}

function normalise(type: string, lines: readonly string[]): string {
  const kept = lines.filter((line) => !/^(?:--|SET default_|\\(?:un)?restrict )/.test(line) && line.trim() !== '');
  return UNORDERED.has(type)
    ? kept
        .map((line) => line.replace(/,$/, ''))
        .sort()
        .join('\n')
    : kept.join('\n');
}
