import { seconds } from '../../src/report/format.ts';

const FOOTER = /<!-- drilled: .*? -->\n(.*?)\n<!-- \/drilled -->/s;

/** What a page's last line says of the run that executed it. */
export interface Drilled {
  readonly at: Date;
  /** Where the run can be looked at; `null` when nobody else can. */
  readonly runUrl: string | null;
  readonly commands: number;
  readonly cannotRun: number;
  readonly seconds: number;
}

/** The page with its footer of this run. Throws when it has no place for one. */
export function withFooter(page: string, { at, runUrl, commands, cannotRun, seconds: took }: Drilled): string {
  if (!FOOTER.test(page)) throw new Error('the page has no footer: <!-- drilled: … --> and <!-- /drilled -->');
  const by = runUrl === null ? 'a run by hand' : `[this run](${runUrl})`;
  const rest = cannotRun === 0 ? '' : `; ${cannotRun} cannot run outside of ${cannotRun === 1 ? 'its' : 'their'} own place`;
  const line = `Last drilled on ${at.toISOString().slice(0, 10)} by ${by}: ${commands} command blocks in ${seconds(took)}${rest}.`;
  return page.replace(FOOTER, (footer, old: string) => footer.replace(old, () => line));
}

/** The URL of the run on GitHub that this is, `null` elsewhere. */
export function runUrlOf(environment: Readonly<Record<string, string | undefined>>): string | null {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment;
  return server && repository && run ? `${server}/${repository}/actions/runs/${run}` : null;
}
