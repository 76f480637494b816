import { data, Evaluator, Lexer, Parser } from '@actions/expressions';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import { truthy } from '@actions/expressions/result';
import { ensureStatusFunction, isBasicExpression, isMapping, isScalar, isSequence, isString, type TemplateToken } from './parser.ts';
import { UnknownFeature } from './unknown.ts';

/** `skipped`: a job that is needed was; then neither success() nor failure() holds. */
export type Status = 'success' | 'failure' | 'cancelled' | 'skipped';

/** What expressions see. Plain JSON by the names of GitHub's contexts. */
export interface Scope {
  readonly contexts: Readonly<Record<string, unknown>>;
  /** Of the job so far, or of the jobs that it needs: what success(), failure() and cancelled() go by. */
  readonly status: Status;
}

/** A token's value, with every expression in it evaluated by GitHub's own evaluator. */
export function evaluate(token: TemplateToken, scope: Scope): unknown {
  if (isMapping(token)) {
    return Object.fromEntries([...token].map(({ key, value }) => [text(key, scope), evaluate(value, scope)]));
  }
  if (isSequence(token)) return [...token].map((item) => evaluate(item, scope));
  if (!isScalar(token)) throw new UnknownFeature(`${token.typeName()} is a kind of value that this runner does not know`);
  if (isBasicExpression(token)) return plain(calculate(token.expression, token, scope));
  return 'value' in token ? token.value : null;
}

/** As GitHub turns a value into text: nothing for null. */
export function text(token: TemplateToken | undefined, scope: Scope): string {
  if (token === undefined) return '';
  if (isBasicExpression(token)) return calculate(token.expression, token, scope).coerceString();
  const value = evaluate(token, scope);
  if (typeof value === 'object' && value !== null) throw new UnknownFeature('a list or a mapping stands where text is expected');
  return value === null ? '' : String(value);
}

/** Every value of a mapping as text. */
export function textMap(token: TemplateToken | undefined, scope: Scope): Record<string, string> {
  if (token === undefined) return {};
  if (!isMapping(token)) throw new UnknownFeature('an expression stands for a whole mapping');
  return Object.fromEntries([...token].map(({ key, value }) => [text(key, scope), text(value, scope)]));
}

/** Whether an `if:` holds; without one, or without a status function in it, only after success. */
export function condition(token: TemplateToken | undefined, scope: Scope): boolean {
  if (token === undefined) return scope.status === 'success';
  const source = isBasicExpression(token) ? token.expression : isString(token) ? token.value : text(token, scope);
  return truthy(calculate(ensureStatusFunction(source, token.definitionInfo), token, scope));
}

function calculate(expression: string, { definitionInfo }: TemplateToken, { contexts, status }: Scope): data.ExpressionData {
  const allowed = definitionInfo?.allowedContext ?? [];
  const names = allowed.filter((name) => !name.includes('('));
  const functions = [...statusFunctions(status), HASH_FILES].filter(({ name }) => allowed.some((one) => one.startsWith(`${name}(`)));
  const tree = new Parser(new Lexer(expression).lex().tokens, names, functions).parse();
  const known = names.map((name) => {
    if (!(name in contexts)) throw new UnknownFeature(`the context ${name} is not known to this runner`);
    return { key: name, value: expressionData(contexts[name]) };
  });
  return new Evaluator(tree, new data.Dictionary(...known), new Map(functions.map((one) => [one.name.toLowerCase(), one]))).evaluate();
}

function statusFunctions(status: Status): FunctionDefinition[] {
  const define = (name: string, holds: boolean): FunctionDefinition => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(holds),
  });
  return [
    define('always', true),
    define('success', status === 'success'),
    define('failure', status === 'failure'),
    define('cancelled', status === 'cancelled'),
  ];
}

const HASH_FILES: FunctionDefinition = {
  name: 'hashFiles',
  minArgs: 1,
  maxArgs: 255,
  call: () => {
    throw new UnknownFeature('hashFiles() is not known to this runner');
  },
};

function expressionData(value: unknown): data.ExpressionData {
  return JSON.parse(JSON.stringify(value ?? null), data.reviver) as data.ExpressionData;
}

function plain(value: data.ExpressionData): unknown {
  return JSON.parse(JSON.stringify(value, data.replacer));
}
