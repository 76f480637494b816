import packageJson from '../package.json' with { type: 'json' };

/** What manifests and proofs name as their maker. */
export const TOOL = `${packageJson.name} ${packageJson.version}`;

export const VERSION = packageJson.version;
