import { stringify } from 'yaml';
import { type Action, describeInputs } from '../../src/options/actions.ts';
import type { OptionDescription } from '../../src/options/describe.ts';
import { VERBS } from '../../src/options/verbs.ts';
import { inputDescription } from './words.ts';

const HEAD = '# Made by `npm run generate` from src/options: change it there.\n';

/** The action.yml of an action. */
export function actionYaml(name: string, action: Action): string {
  const metadata = {
    name: action.title,
    description: action.description,
    author: 'pg-lifeboat',
    branding: action.branding,
    inputs: Object.fromEntries(describeInputs(action).map((option) => [option.flag, inputOf(option, action)])),
    outputs: Object.fromEntries(Object.entries(action.outputs).map(([output, description]) => [output, { description }])),
    runs: { using: 'node24', main: `../../dist/${name}.js` },
  };
  return HEAD + stringify(metadata, { lineWidth: 0 });
}

function inputOf(option: OptionDescription, action: Action) {
  const { required, meta } = option;
  const elsewhere = required ? whereElse(option, action) : [];
  const fallback = meta.expression === undefined ? option.default : `\${{ ${meta.expression} }}`;
  return {
    description: inputDescription(option) + (elsewhere.length === 0 ? '' : ` Required, unless ${elsewhere.join(' or ')}.`),
    // whoever has it elsewhere must be free to leave it out
    required: required && elsewhere.length === 0,
    ...(fallback === undefined ? {} : { default: fallback }),
  };
}

function whereElse({ name, meta }: OptionDescription, { verb, settings }: Action): string[] {
  const inFile = verb !== null && VERBS[verb].configurable && !(name in settings.shape) && !meta.byHand;
  return [
    ...(inFile ? [meta.secret ? 'lifeboat.yml names the variable that holds it' : 'lifeboat.yml has it'] : []),
    ...(meta.environment === undefined ? [] : [`${meta.environment} is set`]),
  ];
}
