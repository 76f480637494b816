import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { CONTENTS, FACTS } from './facts.sql.ts';
import { type Connection, queryJson, stockClient } from './stock-client.ts';

/** Something that both databases must say alike. */
export interface Fact {
  readonly kind: string;
  readonly object: string;
  readonly value: string;
}

interface Statement {
  readonly kind: 'rows' | 'sequence';
  readonly object: string;
  /** For rows: one MD5 per row, sorted. For a sequence: its state, one line. */
  readonly sql: string;
}

/** Contents of tables, sequences and large objects, and the states of indexes, constraints, triggers and rules. */
export async function readFacts(bindir: string, connection: Connection): Promise<Map<string, Fact>> {
  const facts = await queryJson<Fact[]>(bindir, connection, FACTS);
  const statements = await queryJson<Statement[]>(bindir, connection, CONTENTS);
  const contents = await readContents(bindir, connection, statements);
  return new Map([...facts, ...contents].map((fact) => [`${fact.kind} ${fact.object}`, fact]));
}

/** One psql reads everything; of rows only digests leave the server, so no large value is ever held here. */
async function readContents(bindir: string, connection: Connection, statements: readonly Statement[]): Promise<Fact[]> {
  const script = statements.map(({ sql }) => `\\echo next\nCOPY (${sql}) TO STDOUT;\n`).join('');
  const psql = stockClient(bindir, 'psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', '-'], connection, {
    stdin: 'pipe',
    input: script,
    buffer: { stdout: false },
  });
  if (psql.stdout === null) throw new Error('psql has no standard output');
  const contents: Fact[] = [];
  let rows = 0;
  let hash = createHash('sha256');
  let last = '';
  const finish = (): void => {
    const statement = statements[contents.length];
    if (!statement) throw new Error('psql said more than it was asked');
    const { kind, object } = statement;
    contents.push({ kind, object, value: kind === 'rows' ? `${rows} rows, ${hash.digest('hex')}` : last });
  };
  let started = false;
  for await (const line of createInterface({ input: psql.stdout })) {
    if (line === 'next') {
      if (started) finish();
      started = true;
      rows = 0;
      hash = createHash('sha256');
    } else {
      rows += 1;
      hash.update(line);
      last = line;
    }
  }
  await psql;
  if (started) finish();
  if (contents.length !== statements.length) throw new Error(`psql answered ${contents.length} of ${statements.length} statements`);
  return contents;
}
