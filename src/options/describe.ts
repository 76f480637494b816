import type { z } from 'zod';
import { type OptionMeta, optionMeta, writtenSize } from './define.ts';

/** One option of a verb, as whoever asks for it needs to know it: the command line, lifeboat.yml, an action's inputs, the reference. */
export interface OptionDescription {
  /** The key in the schema: `lockTimeout`. */
  readonly name: string;
  /** As a user writes it, without dashes: `lock-timeout`. */
  readonly flag: string;
  readonly kind: 'value' | 'list' | 'switch';
  readonly required: boolean;
  /** As a user would write it; absent when there is none, or when it is empty or off. */
  readonly default?: string;
  readonly meta: OptionMeta;
  readonly schema: z.ZodType;
}

/** Every option of a verb, in the order of its schema. */
export function describeOptions(verb: z.ZodObject): OptionDescription[] {
  return Object.entries(verb.shape).map(([name, schema]) => describeOption(name, schema as z.ZodType));
}

/** lockTimeout as lock-timeout. */
export function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** lock-timeout as lockTimeout. */
export function camelCase(flag: string): string {
  return flag.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function describeOption(name: string, schema: z.ZodType): OptionDescription {
  const layers = layersOf(schema);
  const meta = layers.map((layer) => optionMeta.get(layer)).find((found) => found !== undefined);
  if (meta === undefined) throw new Error(`the option ${name} has no description`);
  const types = layers.map((layer) => layer.def.type);
  const kind = types.includes('boolean') ? 'switch' : types.includes('array') ? 'list' : 'value';
  const fallback = layers.map((layer) => layer.def).find((def): def is z.core.$ZodDefaultDef & typeof def => def.type === 'default');
  const written = fallback === undefined ? undefined : writtenDefault(fallback.defaultValue, meta);
  return {
    name,
    flag: kebabCase(name),
    kind,
    required: !types.includes('optional') && fallback === undefined,
    ...(written === undefined ? {} : { default: written }),
    meta,
    schema,
  };
}

/** The schema itself, what its wrappers wrap, and so on to the text that comes in. */
function layersOf(schema: z.ZodType): z.ZodType[] {
  const def = schema.def as { innerType?: z.ZodType; in?: z.ZodType };
  const inner = def.innerType ?? def.in;
  return inner === undefined ? [schema] : [schema, ...layersOf(inner)];
}

/** A default is what the schema puts out, and a duration comes out as seconds. */
function writtenDefault(value: unknown, meta: OptionMeta): string | undefined {
  if (value === false || (Array.isArray(value) && value.length === 0)) return undefined;
  if (meta.placeholder === 'DURATION' && typeof value === 'number') return writtenDuration(value);
  if (meta.placeholder === 'SIZE' && typeof value === 'number') return writtenSize(value);
  return String(value);
}

function writtenDuration(seconds: number): string {
  if (seconds > 0 && seconds % 86_400 === 0 && seconds > 86_400) return `${seconds / 86_400}d`;
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  return `${seconds}s`;
}
