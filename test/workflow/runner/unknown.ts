import { isString, type MappingToken, type TemplateToken } from './parser.ts';

/** A part of the workflow language that this runner cannot run, and does not pass over. */
export class UnknownFeature extends Error {
  override readonly name = 'UnknownFeature';
}

/**
 * A mapping by its keys, all of which the caller must know.
 * @param ignored keys that change nothing about what is executed
 * @throws UnknownFeature for any other
 */
export function fields<K extends string, I extends string>(
  mapping: MappingToken,
  where: string,
  known: readonly K[],
  ignored: readonly I[] = [],
): { readonly [key in K]?: TemplateToken } {
  const found: { [key: string]: TemplateToken } = {};
  for (const { key, value } of mapping) {
    const name = isString(key) ? key.value : null;
    if (name === null) throw new UnknownFeature(`${where} has a key that is an expression, which this runner does not know`);
    if ((known as readonly string[]).includes(name)) found[name] = value;
    else if (!(ignored as readonly string[]).includes(name)) throw new UnknownFeature(`${where} has ${name}, which this runner does not know`);
  }
  return found as { [key in K]?: TemplateToken };
}
