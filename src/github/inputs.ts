import { ACTIONS, type Action, type ActionName, describeInputs, describeVerbInputs, type SettingsOf } from '../options/actions.ts';
import { loadConfigFile } from '../options/config-file.ts';
import { describeOptions, type OptionDescription } from '../options/describe.ts';
import { suggestion } from '../options/nearest.ts';
import { badOptions, type OptionSources, readOptions, readSchema } from '../options/read.ts';
import { type OptionsOf, VERBS, type VerbName } from '../options/verbs.ts';

type Environment = Readonly<Record<string, string | undefined>>;
export type VerbOf<A extends ActionName> = (typeof ACTIONS)[A]['verb'];
export type ActionOptions<A extends ActionName> = VerbOf<A> extends VerbName ? OptionsOf<VerbOf<A>> : null;

/** The variable in which the runner hands over an input: hyphens stay. */
export function inputVariable(flag: string): string {
  return `INPUT_${flag.toUpperCase()}`;
}

/**
 * What the action itself is told.
 * @throws LifeboatError `bad-option`
 */
export function readSettings<A extends ActionName>(name: A, environment: Environment): SettingsOf<A> {
  const { settings }: Action = ACTIONS[name];
  return readSchema(settings, { ...WORDS, given: givenTo(describeOptions(settings), environment), environment }) as SettingsOf<A>;
}

/**
 * What the action's verb is told: by inputs first, then by lifeboat.yml, then by the environment. `null` for an action without a verb.
 * @param config the file that the user named
 * @throws LifeboatError `bad-option`, also for an input that nobody knows, or `bad-config`
 */
export async function readInputs<A extends ActionName>(name: A, config: string | undefined, environment: Environment): Promise<ActionOptions<A>> {
  const action: Action = ACTIONS[name];
  refuseUnknown(describeInputs(action), environment);
  if (action.verb === null) return null as ActionOptions<A>;
  const given = givenTo(describeVerbInputs(action), environment);
  if (given['database'] && given['databaseUrl']) throw bothDatabases();
  const sources = { ...WORDS, given, environment };
  // A verb about the file itself reads it itself.
  const file = 'config' in VERBS[action.verb].schema.shape ? null : await loadConfigFile(config);
  if (file === null) return readOptions(action.verb, sources) as ActionOptions<A>;
  const { configFor } = await import('../options/config.ts');
  const configured = Object.entries(configFor(file, action.verb, given, WORDS)).filter(([option]) => !action.without?.includes(option));
  return readOptions(action.verb, { ...sources, config: Object.fromEntries(configured) }) as ActionOptions<A>;
}

/** Inputs that say something, by their camelCase names. One that is at its default gives way to lifeboat.yml. */
function givenTo(options: readonly OptionDescription[], environment: Environment): Record<string, string> {
  const values = options.map(({ name, flag, default: fallback }) => {
    const value = environment[inputVariable(flag)]?.trim() ?? '';
    return [name, value === fallback ? '' : value] as const;
  });
  return Object.fromEntries(values.filter(([, value]) => value !== ''));
}

/** The runner only warns of them; but a dry-run with a typo in it must not turn into a restore. */
function refuseUnknown(known: readonly OptionDescription[], environment: Environment): void {
  const flags = known.map(({ flag }) => flag);
  const unknown = Object.entries(environment)
    .filter(([variable, value]) => variable.startsWith('INPUT_') && value)
    .map(([variable]) => variable.slice('INPUT_'.length).toLowerCase())
    .filter((flag) => !flags.includes(flag));
  if (unknown.length === 0) return;
  throw badOptions(
    null,
    unknown.map((flag) => ({ option: WORDS.spell(flag), message: `is not an input of this action${suggestion(flag, flags)}` })),
    WORDS.help,
  );
}

const WORDS = {
  spell: (flag: string) => `Input ${flag}`,
  missing: ({ name, flag, meta }: OptionDescription) => {
    const other = name === 'databaseUrl' ? ', or name a database of lifeboat.yml in `database:`' : '';
    if (meta.secret) return `is empty: pass it with \`${flag}: \${{ secrets.${meta.environment} }}\`${other}; ${ONLY_THROUGH_SECRETS}`;
    const variable = meta.environment === undefined ? '' : `, set ${meta.environment}`;
    return `is empty: write \`${flag}:\` under \`with:\`${variable}, or put it into lifeboat.yml`;
  },
  unset: (variable: string) => `: pass it with \`${variable}: \${{ secrets.${variable} }}\` under \`env:\`; ${ONLY_THROUGH_SECRETS}`,
  help: "The action's inputs are in docs/reference.md.",
} satisfies Partial<OptionSources>;

const ONLY_THROUGH_SECRETS = 'a called workflow gets secrets only through `secrets:`';

function bothDatabases() {
  return badOptions(
    null,
    [{ option: 'Inputs database and database-url', message: 'are both given' }],
    'Give database for a database of lifeboat.yml, which names the variable that holds its URL, or database-url for any other: its name in the store is the one in the URL.',
  );
}
