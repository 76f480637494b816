import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Their modules do nothing but define things; their package.json does not say so. Without it, @actions/core alone brings a whole HTTP client. */
const WITHOUT_EFFECTS = /^(?:undici|tunnel|@actions\/(?:core|exec|http-client|io))$/;

/** Loaded by the AWS SDK to name a browser, of which there is none. */
const ONLY_IN_BROWSERS = /^bowser$/;
/** Ask a person in a browser, whom a job does not have: with each comes a client for another service of AWS. The command line has them. */
const ASK_A_PERSON = /^@aws-sdk\/credential-provider-(?:sso|login)$/;
const CANNOT_ASK = `const refuse = () => async () => {
  throw new Error("This AWS profile asks a person to log in (SSO). In a job, use OIDC, keys or the role of the machine.");
};
export { refuse as fromSSO, refuse as fromLoginCredentials };`;
/** @noble/post-quantum brings older copies of its own; npm has put the newer ones, of the same major, where everybody finds them. */
const TWICE = /^@noble\/(?:curves|hashes)\//;

/** Keeps out of the bundle what nobody calls. */
export const lean: Plugin = {
  name: 'lean',
  setup(build) {
    build.onResolve({ filter: WITHOUT_EFFECTS }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === lean) return;
      const { importer, kind, namespace, resolveDir } = rest;
      return { ...(await build.resolve(path, { importer, kind, namespace, resolveDir, pluginData: lean })), sideEffects: false };
    });
    build.onResolve({ filter: ONLY_IN_BROWSERS }, ({ path }) => ({ path, namespace: 'empty' }));
    build.onLoad({ filter: /./, namespace: 'empty' }, () => ({ contents: '' }));
    build.onResolve({ filter: ASK_A_PERSON }, ({ path }) => ({ path, namespace: 'refusal' }));
    build.onLoad({ filter: /./, namespace: 'refusal' }, () => ({ contents: CANNOT_ASK }));
    build.onResolve({ filter: TWICE }, ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === lean || !importer.includes('/@noble/post-quantum/')) return;
      return build.resolve(path, { kind, resolveDir: resolveDir.replace(/\/node_modules\/@noble\/post-quantum(?:\/.*)?$/, ''), pluginData: lean });
    });
    // esbuild drops what is not used of a namespace only where the namespace itself is imported: zod's has fifty languages in it.
    build.onLoad({ filter: /\/(?:src|actions)\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { loader: 'ts', contents: text.replace("import { z } from 'zod';", "import * as z from 'zod';") };
    });
  },
};
