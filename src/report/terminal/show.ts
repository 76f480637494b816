import type { ShowResult } from '../../catalog/list.ts';
import { totalsOf } from '../../format/concealed.ts';
import type { Manifest } from '../../format/manifest.ts';
import type { Proof } from '../../format/proof.ts';
import { age, bytes, count, counted, ratio, seconds, shortRecipient, time, visible } from '../format.ts';
import { paintState } from './list.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_TABLES = 20;

/** What a backup's manifest says, and every proof of it. */
export function showText({ storage, database, state, distrust, manifest, proofs }: ShowResult, style: Style, now: Date): string {
  const { source, snapshot, parts } = manifest;
  const plain = parts.reduce((sum, part) => sum + part.plain.bytes, 0);
  const stored = parts.reduce((sum, part) => sum + part.stored.bytes, 0);
  const facts: [string, string][] = [
    ['backup', `${style.strong(manifest.id)} of ${style.strong(visible(database))} in ${visible(storage)}`],
    ['state', `${paintState(state, style)}${distrust === null ? '' : `: ${visible(distrust)}`}`],
    ['snapshot', `${time(snapshot.at)}, ${age(snapshot.at, now)} ago${snapshot.lsn === null ? '' : `, LSN ${visible(snapshot.lsn)}`}`],
    [
      'source',
      `${visible(source.database)}, Postgres ${visible(source.serverVersion)}, ${bytes(source.bytes)}, ${visible(source.encoding)} ${visible(source.collate)}`,
    ],
    ['holds', holdings(manifest)],
    ['size', `${bytes(stored)} stored, ${bytes(plain)} plain (${ratio(plain, stored)})`],
    ['checksums', manifest.checksumAlgorithm === null ? 'none: rows were only counted' : visible(manifest.checksumAlgorithm)],
    ['made by', `${visible(manifest.tool)} with pg_dump ${visible(source.pgDumpVersion)} in ${seconds(manifest.seconds.total)}`],
  ];
  if (manifest.extensions.length > 0)
    facts.push(['extensions', manifest.extensions.map(({ name, version }) => visible(`${name} ${version}`)).join(', ')]);
  if (manifest.recipients.length > 0) facts.push(['encrypted', `for ${manifest.recipients.map(shortRecipient).map(visible).join(', ')}`]);
  if (manifest.runner !== null) facts.push(['run', `${visible(manifest.runner.workflow)} ${visible(manifest.runner.runUrl)}`]);
  const lines = facts.map(([name, value]) => `${style.faint(name.padEnd(10))}  ${value}`);
  lines.push('', ...partsTable(manifest, style), '', ...largestTables(manifest, style));
  lines.push(...selectionLines(manifest, style), ...manifest.notes.map((note) => `${style.doubtful('note:')} ${visible(note)}`));
  // what lies beside a manifest that is not trusted was not looked at
  return [...lines, ...(distrust === null ? ['', ...proofLines(proofs, style, now)] : [])].join('\n');
}

function holdings(manifest: Manifest): string {
  const { tables, rows, indexes, sequences } = totalsOf(manifest);
  const large = manifest.largeObjects?.count ?? 0;
  return [
    `${counted(tables, 'table')} with ${counted(rows, 'row')}`,
    counted(indexes, 'index', 'indexes'),
    counted(sequences, 'sequence'),
    ...(large > 0 ? [counted(large, 'large object')] : []),
  ].join(', ');
}

function partsTable(manifest: Manifest, style: Style): string[] {
  const columns = [
    { title: 'PART' },
    { title: 'TABLES', align: 'right' },
    { title: 'PLAIN', align: 'right' },
    { title: 'STORED', align: 'right' },
  ] as const;
  return table(
    columns,
    manifest.parts.map(({ name, kind, tables, plain, stored }) => [
      visible(name),
      kind === 'data' ? count(tables) : '',
      bytes(plain.bytes),
      bytes(stored.bytes),
    ]),
    style,
  );
}

function largestTables(manifest: Manifest, style: Style): string[] {
  const largest = manifest.tables.toSorted((a, b) => b.bytes - a.bytes).slice(0, MOST_TABLES);
  if (isHidden(manifest)) return [`${style.doubtful('Names are hidden:')} --identity-file shows them.`];
  if (largest.length === 0) return ['It holds no tables.'];
  const columns = [{ title: 'TABLE' }, { title: 'ROWS', align: 'right' }, { title: 'SIZE', align: 'right' }, { title: 'PART' }] as const;
  const rows = largest.map((some) => [
    visible(`${some.schema}.${some.name}`),
    some.rows === null ? 'left out' : count(some.rows),
    bytes(some.bytes),
    visible(some.part ?? '–'),
  ]);
  const more = manifest.tables.length - largest.length;
  return [...table(columns, rows, style), ...(more > 0 ? [style.faint(`and ${counted(more, 'smaller table')}; --json has them all`)] : [])];
}

function isHidden({ concealed, tables }: Manifest): boolean {
  return concealed !== undefined && concealed.tables > 0 && tables.length === 0;
}

function selectionLines({ selection }: Manifest, style: Style): string[] {
  const said: [string, readonly string[]][] = [
    ['only schemas', selection.schemas],
    ['without schemas', selection.excludeSchemas],
    ['without tables', selection.excludeTables],
    ['without rows of', selection.excludeTableData],
  ];
  return said
    .filter(([, patterns]) => patterns.length > 0)
    .map(([what, patterns]) => `${style.doubtful(`${what}:`)} ${patterns.map(visible).join(', ')}`);
}

function proofLines(proofs: readonly Proof[], style: Style, now: Date): string[] {
  if (proofs.length === 0) return [`${style.doubtful('Not proven:')} no drill has restored this backup yet.`];
  const columns = [
    { title: 'PROOF' },
    { title: 'WHEN' },
    { title: 'ROWS', align: 'right' },
    { title: 'RTO', align: 'right' },
    { title: 'CHECKS' },
  ] as const;
  const rows = proofs.map((proof) => {
    const of = (verdict: string) => proof.checks.filter((check) => check.verdict === verdict);
    const failed = of('fail').map(({ name }) => visible(name));
    const summary = [
      `${of('pass').length} passed`,
      ...(failed.length > 0 ? [`failed: ${failed.join(', ')}`] : []),
      ...(of('not-run').length > 0 ? [`${of('not-run').length} not run`] : []),
    ];
    return [
      paintState(proof.verdict, style),
      `${time(proof.at)}, ${age(proof.at, now)} ago`,
      count(proof.rows),
      seconds(proof.rto.seconds),
      summary.join(', '),
    ];
  });
  return table(columns, rows, style);
}
