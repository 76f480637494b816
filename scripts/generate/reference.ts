import { ACTION_NAMES, ACTIONS, type Action, describeInputs } from '../../src/options/actions.ts';
import { describeOptions, type OptionDescription } from '../../src/options/describe.ts';
import { VERB_NAMES, VERBS, type VerbName } from '../../src/options/verbs.ts';
import { configJsonSchema, type JsonSchema } from './json-schema.ts';
import { inputDescription, SEVERAL, typeOf } from './words.ts';

/** docs/reference.md: every option, input, output and key, in tables. */
export function reference(): string {
  const others = ACTION_NAMES.filter((name) => ACTIONS[name].verb === null);
  return `${[
    '# Reference',
    '',
    '<!-- Made by `npm run generate` from src/options: change it there. -->',
    '',
    'What is given by hand, as a flag or as an input, goes before lifeboat.yml, that before the environment, and that before the default.',
    'An empty input is not given, and one that is at its default gives way to lifeboat.yml. Of a list, a flag takes one item and may be',
    'given several times; an input takes one item per line. A duration is a number and `s`, `m`, `h`, `d` or `w`: `90s`, `15m`, `26h`, `8d`.',
    'A switch is `--flag` or `--no-flag` on the command line, and `true` or `false` as an input. Every verb of the command line also has',
    '`--config`, `--json` and `--verbose`.',
    ...VERB_NAMES.flatMap(verbSection),
    ...others.flatMap((name) => actionSection(name, ACTIONS[name])),
    ...configSection(),
  ].join('\n')}\n`;
}

function verbSection(verb: VerbName): string[] {
  const actions = ACTION_NAMES.filter((name) => ACTIONS[name].verb === verb);
  const [action = null] = actions;
  const inputs = action === null ? [] : describeInputs(ACTIONS[action]);
  const options = describeOptions(VERBS[verb].schema);
  const settings = inputs.filter(({ name }) => !options.some((option) => option.name === name));
  const rows = [...options, ...settings].map((option) => [
    options.includes(option) || option.name === 'config' ? code(`--${option.flag}`) : '',
    inputs.some(({ name }) => name === option.name) ? code(option.flag) : '',
    option.meta.environment === undefined ? '' : code(option.meta.environment),
    typeOf(option),
    defaultOf(option),
    inputDescription(option).replace(/ One per line\.$/, ''),
  ]);
  return [
    '',
    `## ${verb}`,
    '',
    VERBS[verb].summary,
    '',
    ...table(['Flag', 'Input', 'Variable', 'Type', 'Default', 'Description'], rows),
    ...(action === null ? [] : outputs(action, ACTIONS[action])),
  ];
}

function actionSection(name: string, action: Action): string[] {
  const rows = describeInputs(action).map((option) => [code(option.flag), typeOf(option), defaultOf(option), inputDescription(option)]);
  return ['', `## ${name}`, '', action.description, '', ...table(['Input', 'Type', 'Default', 'Description'], rows), ...outputs(name, action)];
}

function outputs(name: string, action: Action): string[] {
  const rows = Object.entries(action.outputs).map(([output, description]) => [code(output), description]);
  return ['', `### Outputs of actions/${name}`, '', ...table(['Output', 'Description'], rows)];
}

function defaultOf({ required, default: fallback, meta }: OptionDescription): string {
  if (required) return '**required**';
  if (meta.expression !== undefined) return code(`\${{ ${meta.expression} }}`);
  return fallback === undefined ? '' : code(fallback);
}

function configSection(): string[] {
  return [
    '',
    '## lifeboat.yml',
    '',
    'Read from the folder that the command or the action runs in, unless `--config` or the input `config` names another file. It holds no',
    'secret: a key that ends in `-env` names the environment variable that does. Editors know the keys by',
    '[schema/lifeboat.schema.json](../schema/lifeboat.schema.json).',
    '',
    ...table(['Key', 'Type', 'Default', 'Description'], keys(configJsonSchema(), '')),
  ];
}

function keys(schema: JsonSchema, path: string): string[][] {
  const named = Object.entries(schema.properties ?? {}).flatMap(([key, property]) => keyRows(property, path === '' ? key : `${path}.${key}`));
  const any = typeof schema.additionalProperties === 'object' ? keyRows(schema.additionalProperties, `${path}.<name>`) : [];
  return [...named, ...any];
}

function keyRows(schema: JsonSchema, path: string): string[][] {
  const fallback = schema.default === undefined ? '' : code(String(schema.default));
  const own = schema.description === undefined ? [] : [[code(path), yamlType(schema), fallback, schema.description.replace(SEVERAL, '')]];
  return [...own, ...keys(schema, path)];
}

function yamlType(schema: JsonSchema): string {
  const types = [schema.type ?? schema.anyOf?.flatMap(({ type }) => type ?? []) ?? []].flat();
  if (types.includes('object')) return 'mapping';
  if (types.includes('array')) return 'list';
  return types.includes('string') ? 'text' : 'true or false';
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(titles), `|${'---|'.repeat(titles.length)}`, ...rows.map(line)];
}

function code(text: string): string {
  return `\`${text}\``;
}
