import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../scripts/generate/json-schema.ts';
import { generated, outdated } from '../../scripts/generate.ts';
import { ACTION_NAMES, ACTIONS, describeInputs } from '../../src/options/actions.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('what is generated', () => {
  it('is what is committed: npm run generate', async () => {
    expect(await outdated()).toEqual([]);
  });

  it('has a folder with an entry of under 40 lines for every action, and an action for every folder', () => {
    expect(readdirSync(join(ROOT, 'actions')).toSorted()).toEqual(ACTION_NAMES.toSorted());
    for (const name of ACTION_NAMES) {
      expect(existsSync(join(ROOT, 'actions', name, 'main.ts'))).toBe(true);
      expect(readFileSync(join(ROOT, 'actions', name, 'main.ts'), 'utf8').split('\n').length).toBeLessThanOrEqual(40);
    }
  });
});

describe.each(ACTION_NAMES)('actions/%s/action.yml', (name) => {
  const metadata = parse(generated()[`actions/${name}/action.yml`] ?? '') as {
    inputs: Record<string, { description: string; required: boolean; default?: string }>;
    outputs: Record<string, { description: string }>;
    runs: Record<string, string>;
  };

  it('runs the bundle on Node 24', () => {
    expect(metadata.runs).toEqual({ using: 'node24', main: `../../dist/${name}.js` });
  });

  it('has every input once, in kebab-case, with a sentence', () => {
    const inputs = describeInputs(ACTIONS[name]);
    expect(Object.keys(metadata.inputs)).toEqual(inputs.map(({ flag }) => flag));
    for (const [input, { description }] of Object.entries(metadata.inputs)) {
      expect(input).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(description).toMatch(/\.$/);
      expect(description).not.toMatch(/may be given several times/i);
    }
  });

  it('gives no secret a default but an expression', () => {
    const secret = describeInputs(ACTIONS[name]).filter(({ meta }) => meta.secret);
    for (const { flag } of secret) expect(metadata.inputs[flag]?.default ?? '${').toMatch(/^\$\{/);
  });

  it('describes every output', () => {
    for (const { description } of Object.values(metadata.outputs)) expect(description).toMatch(/\.$/);
  });
});

describe('schema/lifeboat.schema.json', () => {
  it('describes every key', () => {
    const text = JSON.stringify(configJsonSchema());
    const properties = [...text.matchAll(/"([a-z0-9-]+)":\{(?!"type":"string"\})/g)].map(([, key]) => key);
    expect(properties).toEqual(expect.arrayContaining(['databases', 'database-url-env', 'lock-timeout', 'assertions', 'rto']));
    expect(undescribed(configJsonSchema(), '')).toEqual([]);
  });
});

function undescribed(schema: ReturnType<typeof configJsonSchema>, path: string): string[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([key, property]) => [
    ...(property.description === undefined ? [`${path}.${key}`] : []),
    ...undescribed(property, `${path}.${key}`),
  ]);
  const any = typeof schema.additionalProperties === 'object' ? undescribed(schema.additionalProperties, `${path}.*`) : [];
  return [...below, ...any];
}
