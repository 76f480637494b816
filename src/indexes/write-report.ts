import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { indexesSql } from '../report/indexes/sql.ts';
import { indexesSvg } from '../report/indexes/svg.ts';
import { indexesMarkdown } from '../report/markdown/indexes.ts';
import type { IndexReport } from './report.ts';

/**
 * Writes report.json, report.md, report.sql and report.svg; the folder is made when it is not there.
 * @param json the report's text
 */
export async function writeReport(folder: string, report: IndexReport, json: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = {
    'report.json': json,
    'report.md': indexesMarkdown(report),
    'report.sql': indexesSql(report),
    'report.svg': indexesSvg(report),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}
