import type { Block, Page } from './page.ts';
import { PLACEHOLDERS, placeholdersIn } from './placeholders.ts';

/** The headings of a page, in their order. */
export const HEADINGS = [
  'Use this when',
  'Impact and clock',
  'Before you touch anything',
  'Access you need',
  'Confirm it is this',
  'Decide',
  'Do it',
  'Verify',
  'If it fails, and the way back',
  'Escalate and record',
] as const;

/** Lines that a person fills in, the same wherever they stand. */
const SET_UP = [
  `cd '<CLONE>'                                     # the folder with your clone of pg-lifeboat`,
  `export PGHOST='<HOST>' PGPORT='<PORT>'           # the database server itself, not a pooler`,
  `export PGUSER='<USER>' PGPASSWORD='<PASSWORD>'   # a role that may create databases`,
  `export DATABASE='<DATABASE>'                     # the database's name, on the server and in the store`,
  `export TABLE='<TABLE>'                           # the table with its schema: public.orders`,
  `export LIFEBOAT_STORAGE='<STORE>'                # s3://bucket/prefix or file:///folder`,
  `export BACKUP='<BACKUP>'                         # the backup's id, as list prints it`,
  `export SECOND_STORE='<SECOND_STORE>'             # the second copy: s3://bucket/prefix or file:///folder`,
  `export INDEX='<INDEX>'                           # the index with its schema: public.orders_pkey`,
  `export ROLE='<ROLE>'                             # the role whose password leaked`,
  `export GOOD_RECIPIENT='<GOOD_RECIPIENT>'         # age1… of the identity that is still good`,
  `export LIFEBOAT_AGE_IDENTITY='<IDENTITY>'             # AGE-SECRET-KEY-1… if backups are encrypted, else empty`,
  `export AWS_REGION='<SECOND_REGION>' AWS_ENDPOINT_URL_S3='<SECOND_ENDPOINT>'                     # of the second copy`,
  `export AWS_ACCESS_KEY_ID='<SECOND_KEY_ID>' AWS_SECRET_ACCESS_KEY='<SECOND_KEY_SECRET>'         # of the second copy`,
  `export AWS_REGION='<REGION>' AWS_ENDPOINT_URL_S3='<ENDPOINT>'              # for s3://; ENDPOINT is empty for Amazon`,
  `export AWS_ACCESS_KEY_ID='<KEY_ID>' AWS_SECRET_ACCESS_KEY='<KEY_SECRET>'   # for s3://`,
] as const;

interface Rule {
  readonly destroys: RegExp;
  /** What has to stand before it, in the same block or one of the two before. */
  readonly shownBy: RegExp;
}

/** Commands that somebody may regret, and those that show what they would do. */
const DESTRUCTIVE: readonly Rule[] = [
  { destroys: /lifeboat -- restore (?!.*--dry-run)/, shownBy: /lifeboat -- restore .*--dry-run/ },
  { destroys: /lifeboat -- prune .*--apply/, shownBy: /lifeboat -- prune (?!.*--apply)/ },
  {
    destroys: /lifeboat -- (?:reindex|rotate-recipients) .*--(?:apply|no-dry-run|execute)/,
    shownBy: /lifeboat -- (?:reindex|rotate-recipients|indexes) /,
  },
  { destroys: /\bdropdb\b|\bDROP DATABASE\b/i, shownBy: /\\dt|FROM pg_database|FROM pg_stat_user_tables/ },
  { destroys: /\bDROP (?!DATABASE)[A-Z]/, shownBy: /\bSELECT\b|\\d/ },
  { destroys: /\b(?:DELETE FROM|TRUNCATE|UPDATE \S+ SET|INSERT INTO)/i, shownBy: /\bSELECT\b/ },
  { destroys: /pg_terminate_backend|ALLOW_CONNECTIONS false/i, shownBy: /FROM pg_stat_activity/ },
  { destroys: /ALTER (?:DATABASE|TABLE) .* RENAME/i, shownBy: /FROM pg_(?:database|stat_activity)|\\d/ },
  { destroys: /\bREINDEX\b/, shownBy: /\bSELECT\b|pg_amcheck/ },
  { destroys: /(?:^|[;&|]\s*)rm /m, shownBy: /(?:^|[;&|]\s*)ls /m },
  { destroys: /curl .*-X DELETE|aws s3 rm/, shownBy: /curl .*list-type|aws s3 ls/ },
];

/** Everything about a page's form that would make a person guess or regret; empty when nothing is. */
export function problemsOf(page: Page): string[] {
  return [...headings(page), ...footers(page), ...placeholders(page), ...destructive(page)];
}

function headings({ name, headings: all }: Page): string[] {
  const found = all.filter(({ level }) => level === 2).map(({ text }) => text);
  return [
    ...(JSON.stringify(found) === JSON.stringify(HEADINGS)
      ? []
      : [`${name}.md: the headings are ${found.join(' · ')}, and have to be ${HEADINGS.join(' · ')}`]),
    ...(all.filter(({ level }) => level === 1).length === 1 ? [] : [`${name}.md: it has to have one title`]),
  ];
}

function footers({ name, text }: Page): string[] {
  return /<!-- drilled: [^\n]* -->\n[^\n]+\n<!-- \/drilled -->\n$/.test(text) ? [] : [`${name}.md: it has to end with its footer`];
}

/** A person fills in lines of the set-up, and nothing else anywhere. */
function placeholders({ name, blocks }: Page): string[] {
  return blocks.flatMap(({ line, text, expected }) =>
    text.split('\n').flatMap((content, i) => {
      const unknown = placeholdersIn(content).filter((placeholder) => !(placeholder in PLACEHOLDERS));
      const place = `${name}.md:${line + 1 + i}`;
      if (unknown.length > 0) return [`${place}: ${unknown.join(', ')} is none of the placeholders in scripts/runbooks/placeholders.ts`];
      if (expected !== null || placeholdersIn(content).length === 0 || SET_UP.some((known) => known === content)) return [];
      return [`${place}: a person fills in the lines of the set-up only, as scripts/runbooks/rules.ts has them`];
    }),
  );
}

function destructive({ name, blocks }: Page): string[] {
  const commands = blocks.filter(({ language }) => language === 'bash');
  return commands.flatMap((block, i) => {
    const before = commands.slice(Math.max(0, i - 2), i).map(({ text }) => text);
    return statementsOf(block).flatMap((statement, at, all) => {
      const shown = [...before, ...all.slice(0, at)].join('\n');
      const rule = DESTRUCTIVE.find(({ destroys, shownBy }) => destroys.test(statement) && !shownBy.test(shown));
      return rule === undefined ? [] : [`${name}.md:${block.line}: nothing shows before it what this would do: ${statement.trim()}`];
    });
  });
}

/** The lines of a block, those that end with a backslash joined to the next. */
function statementsOf({ text }: Block): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => !/^\s*#/.test(line));
}
