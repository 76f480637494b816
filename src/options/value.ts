import type { OptionDescription } from './describe.ts';

/**
 * One option's raw value, from wherever it came, through its schema.
 * `problem` is what stands after the option's name in a sentence; a secret is never repeated in it.
 */
export function accept(option: OptionDescription, raw: unknown): { readonly value: unknown } | { readonly problem: string } {
  const value = raw === undefined ? undefined : plainValue(option, raw);
  if (value === null) return { problem: `${shown(option, raw)}is neither true nor false` };
  const parsed = option.schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  const index = issue?.path.at(-1);
  const culprit = typeof index === 'number' && Array.isArray(value) ? value[index] : raw;
  return { problem: `${shown(option, culprit)}${sentenceOf(issue?.message)}` };
}

/** Inputs of an action and variables are text, YAML has numbers and booleans: schemas take text, lists of text and booleans. `null` is no boolean. */
function plainValue({ kind }: OptionDescription, raw: unknown): unknown {
  if (kind === 'switch') {
    if (typeof raw === 'boolean') return raw;
    // the spellings of YAML 1.2, which are also those of @actions/core
    if (typeof raw === 'string' && /^(?:true|True|TRUE)$/.test(raw)) return true;
    if (typeof raw === 'string' && /^(?:false|False|FALSE)$/.test(raw)) return false;
    return null;
  }
  if (kind === 'list') {
    return Array.isArray(raw) ? raw.map(asText) : linesOf(raw);
  }
  return asText(raw);
}

/** An action's input has one text for a list: an item a line. */
export function linesOf(raw: unknown): string[] {
  const lines = String(raw ?? '').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}

function asText(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

function shown({ meta }: OptionDescription, value: unknown): string {
  if (meta.secret || meta.unquoted || typeof value === 'object' || value === '') return '';
  const text = String(value);
  // somebody took the secret key for the public one
  if (/AGE-SECRET-KEY-/i.test(text)) return '';
  return `${JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)} `;
}

/** The project's own messages go on after the option's name; zod's own are sentences. */
function sentenceOf(message = ''): string {
  return /^[A-Z]/.test(message) ? `is not accepted: ${message[0]?.toLowerCase()}${message.slice(1)}` : message;
}
