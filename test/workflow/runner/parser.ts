import { registerHooks } from 'node:module';
import type { MappingToken, ScalarToken, SequenceToken, TemplateToken } from '@actions/workflow-parser/templates/tokens/index';

export type { MappingToken, ScalarToken, SequenceToken, TemplateToken };

// The package imports its schemas as JSON without saying so, which Node does not take.
const hooks = registerHooks({
  load: (url, context, next) => next(url, url.endsWith('.min.json') ? { ...context, importAttributes: { type: 'json' } } : context),
});
const [library, actions, tokens, conditions] = await Promise.all([
  import('@actions/workflow-parser'),
  import('@actions/workflow-parser/actions/index'),
  import('@actions/workflow-parser/templates/tokens/index'),
  import('@actions/workflow-parser/model/converter/if-condition'),
]);
hooks.deregister();

export const { isBasicExpression, isMapping, isScalar, isSequence, isString } = library;
export const { BasicExpressionToken } = tokens;
export const { ensureStatusFunction } = conditions;

export interface Parsed {
  /** `null` when the text could not be read at all. */
  readonly root: MappingToken | null;
  /** Everything that GitHub's own parser has against it, with the line. */
  readonly errors: readonly string[];
}

/** A workflow as GitHub reads it, with every expression in it checked against the contexts that exist in its place. */
export async function parseWorkflow(name: string, content: string): Promise<Parsed> {
  const { context, value } = library.parseWorkflow({ name, content }, new library.NoOperationTraceWriter());
  if (value !== undefined) await library.convertWorkflowTemplate(context, value);
  return parsed(context.errors.getErrors(), value);
}

/** An action.yml, likewise. */
export function parseAction(name: string, content: string): Parsed {
  const { context, value } = actions.parseAction({ name, content }, new library.NoOperationTraceWriter());
  if (value !== undefined) actions.convertActionTemplate(context, value);
  return parsed(context.errors.getErrors(), value);
}

function parsed(errors: readonly { readonly message: string }[], value: TemplateToken | undefined): Parsed {
  return { root: value !== undefined && isMapping(value) ? value : null, errors: [...new Set(errors.map(({ message }) => message))] };
}
