import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog } from '../../src/context.ts';
import { withDatabase } from '../../src/postgres/url.ts';
import { loadShop } from '../demo/load.ts';
import { type Page, parsePage } from '../runbooks/page.ts';
import { runPage } from '../runbooks/run-page.ts';
import type { Scenario } from '../runbooks/scene.ts';
import { openWorld } from '../runbooks/world.ts';
import type { Row } from './rows.ts';

const PAGE = 'database-lost';
const WORDS_PER_MINUTE = 200;
const PASTE_SECONDS = 5;
const FILL_IN_SECONDS = 30;

/** A person who has the page "database lost" and nothing else, with the demo's database: reading, pasting, and what the commands take. */
export async function benchRunbook(): Promise<Row[]> {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(new Error(`stopped by ${signal}`)));
  const file = join(import.meta.dirname, '..', '..', 'runbooks', `${PAGE}.md`);
  const page = parsePage(PAGE, await readFile(file, 'utf8'));
  const path = { ...page, blocks: page.blocks.filter(({ run, expected }) => (run ?? expected)?.includes(PAGE)) };
  const world = openWorld(controller.signal);
  try {
    const { failures, seconds, ran } = await runPage(path, { [PAGE]: demoLost }, world);
    if (failures.length > 0) throw new Error(failures.join('\n'));
    const words = wordsOnThePath(page);
    const reading = (words / WORDS_PER_MINUTE) * 60;
    const how =
      `${words} words at ${WORDS_PER_MINUTE} a minute: ${reading.toFixed(0)} s; filling in: ${FILL_IN_SECONDS} s; pasting ${ran} blocks: ` +
      `${ran * PASTE_SECONDS} s; the commands: ${seconds.toFixed(1)} s`;
    const measured = reading + FILL_IN_SECONDS + ran * PASTE_SECONDS + seconds;
    return [{ what: 'database lost, by a person with the runbook', measured, unit: 's', target: { atMost: 300 }, how }];
  } finally {
    await world.close();
  }
}

/** Everything from the title to the end of "Verify", commands too; not what they print, which is only compared. */
function wordsOnThePath({ text, blocks }: Page): number {
  const [before = ''] = text.split(/^## If it fails/m);
  const printed = blocks.filter(({ expected }) => expected?.includes(PAGE)).map((block) => block.text);
  const read = printed.reduce((rest, block) => rest.replace(`\`\`\`text expected=${PAGE}\n${block}\n\`\`\``, ''), before);
  return read.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

const demoLost: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const store = scene.fileStore();
    await server.sql('postgres', `CREATE DATABASE ${scene.database}`);
    const { signal } = await scene.world.context();
    await loadShop(withDatabase(server.target, scene.database), { log: silentLog, signal, environment: {} });
    await scene.backup(server, store);
    await scene.drill(store);
    await server.sql('postgres', `DROP DATABASE ${scene.database}`);
    return scene.values(server, store);
  },
  check: async () => {},
};
