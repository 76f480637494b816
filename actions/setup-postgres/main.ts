import { runAction } from '../../src/github/run.ts';

await runAction('setup-postgres', async (_, context, settings) => {
  const { setupHeadline, setupMarkdown, setupPostgres } = await import('../../src/github/setup-postgres/setup.ts');
  const result = await setupPostgres(settings, context);
  return {
    ok: true,
    database: '',
    headline: setupHeadline(result),
    markdown: setupMarkdown(result),
    outputs: {
      version: result.installed.map(({ version }) => version).join(' '),
      bindir: result.installed.map(({ bindir }) => bindir).join(':'),
      'cache-path': result.cachePath ?? '',
    },
  };
});
