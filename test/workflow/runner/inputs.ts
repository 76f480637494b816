import { evaluate, type Scope, text } from './evaluate.ts';
import { isMapping, type MappingToken, type TemplateToken } from './parser.ts';
import { fields, UnknownFeature } from './unknown.ts';
import type { Inputs } from './world.ts';

/**
 * The `inputs` context: what was given, checked as GitHub checks it, with the defaults of what was not.
 * @param event the part of `on:` that says what there is
 */
export function readInputs(event: TemplateToken | undefined, given: Inputs, where: string): Inputs {
  const definitions = event !== undefined && isMapping(event) ? event.find('inputs') : undefined;
  const inputs: Record<string, string | boolean | number> = {};
  for (const { key, value } of definitions !== undefined && isMapping(definitions) ? definitions : []) {
    const name = text(key, NOTHING);
    const known = fields(value as MappingToken, `input ${name}`, ['type', 'default', 'required', 'options'], ['description']);
    const type = text(known.type, NOTHING) || 'string';
    if (known.required !== undefined && evaluate(known.required, NOTHING) === true && given[name] === undefined) {
      throw new Error(`${where}: input ${name} is required and was not given`);
    }
    inputs[name] = typed(given[name] ?? (known.default === undefined ? undefined : (evaluate(known.default, NOTHING) as string)), type, name, where);
  }
  const unknown = Object.keys(given).filter((name) => !(name in inputs));
  if (unknown.length > 0) throw new Error(`${where}: ${unknown.join(', ')} is not an input`);
  return inputs;
}

/**
 * The `secrets` context of a called workflow: only what it declares.
 * An empty value is as good as none to the workflow, and GitHub lets it pass.
 */
export function readSecrets(event: TemplateToken | undefined, given: Readonly<Record<string, string>>, where: string): Record<string, string> {
  const definitions = event !== undefined && isMapping(event) ? event.find('secrets') : undefined;
  const declared: Record<string, boolean> = {};
  for (const { key, value } of definitions !== undefined && isMapping(definitions) ? definitions : []) {
    const { required } = fields(value as MappingToken, `secret ${text(key, NOTHING)}`, ['required'], ['description']);
    declared[text(key, NOTHING)] = required !== undefined && evaluate(required, NOTHING) === true;
  }
  for (const name of Object.keys(given)) if (!(name in declared)) throw new Error(`${where}: ${name} is not a secret that it takes`);
  for (const [name, required] of Object.entries(declared)) {
    if (required && given[name] === undefined) throw new Error(`${where}: secret ${name} is required and was not given`);
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
}

const NOTHING: Scope = { contexts: {}, status: 'success' };

function typed(value: string | number | boolean | undefined, type: string, name: string, where: string): string | boolean | number {
  switch (type) {
    case 'boolean':
      if (value !== undefined && !['true', 'false'].includes(String(value))) throw new Error(`${where}: input ${name} is no boolean`);
      return String(value) === 'true';
    case 'number':
      if (value !== undefined && Number.isNaN(Number(value))) throw new Error(`${where}: input ${name} is no number`);
      return Number(value ?? 0);
    case 'string':
    case 'choice':
    case 'environment':
      return String(value ?? '');
    default:
      throw new UnknownFeature(`inputs of type ${type} are not known to this runner`);
  }
}
