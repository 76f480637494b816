import { z } from 'zod';
import { configSchema } from '../../src/options/config-schema.ts';

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
}

/** lifeboat.yml, for editors: `# yaml-language-server: $schema=…/lifeboat.schema.json` in its first line. */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' }) as JsonSchema & { $schema: string };
  const about = { title: 'lifeboat.yml', description: 'Which databases pg-lifeboat looks after, and how. It holds no secret.' };
  return { $schema, ...about, ...flat(schema) } as JsonSchema;
}

/** `null`, which is a key with nothing behind it, as one more type: editors show what is at the top, and not what is in an alternative. */
function flat(schema: JsonSchema): JsonSchema {
  const [value, none, ...others] = schema.anyOf ?? [];
  if (value !== undefined && none?.type === 'null' && others.length === 0) {
    const { anyOf: _, ...rest } = schema;
    const { type, anyOf, ...inner } = flat(value);
    return { ...rest, ...inner, ...(type === undefined ? { anyOf: [...(anyOf ?? []), none] } : { type: [type, 'null'].flat() }) };
  }
  return {
    ...schema,
    ...(schema.anyOf === undefined ? {} : { anyOf: schema.anyOf.map(flat) }),
    ...(schema.properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(schema.properties).map(([key, property]) => [key, flat(property)])) }),
    ...(typeof schema.additionalProperties === 'object' ? { additionalProperties: flat(schema.additionalProperties) } : {}),
  };
}
