import { Command, type CommanderError, Option } from 'commander';
import type { LifeboatError } from '../errors.ts';
import { describeOptions, type OptionDescription } from '../options/describe.ts';
import { suggestion } from '../options/nearest.ts';
import { badOptions } from '../options/read.ts';
import { VERB_NAMES, VERBS, type VerbName } from '../options/verbs.ts';
import { VERSION } from '../tool.ts';

/** What an argv asks for. */
export type Request =
  | {
      readonly kind: 'verb';
      readonly verb: VerbName;
      /** Options as they were given, by their camelCase names; not yet validated. */
      readonly given: Readonly<Record<string, unknown>>;
      readonly json: boolean;
      readonly verbose: boolean;
      /** `--config`. */
      readonly config: string | undefined;
    }
  /** Help or the version. `asked` is false when nothing was asked for at all. */
  | { readonly kind: 'text'; readonly text: string; readonly asked: boolean };

/**
 * Reads the arguments after the program's name.
 * @throws LifeboatError `bad-option` with the nearest verb or option
 */
export function parseArguments(args: readonly string[]): Request {
  let request: Request | undefined;
  let text = '';
  const program = buildProgram((made) => {
    request = made;
  });
  const collect = { writeOut: (chunk: string) => (text += chunk), writeErr: (chunk: string) => (text += chunk), outputError() {} };
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput(collect);
  try {
    program.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('commander.'))) throw error;
    const { code } = error as CommanderError;
    if (code === 'commander.helpDisplayed' || code === 'commander.version') return { kind: 'text', text, asked: true };
    if (code === 'commander.help') return { kind: 'text', text, asked: args.length > 0 };
    throw wrongUsage(error as CommanderError, args);
  }
  if (request === undefined) throw new Error('the arguments asked for nothing, and commander did not mind');
  return request;
}

function buildProgram(take: (request: Request) => void): Command {
  const program = new Command('lifeboat')
    .description('Postgres backups that prove they restore.')
    .version(VERSION, '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [verb]', 'Help for a verb.')
    .addHelpText('after', EPILOGUE);
  for (const verb of VERB_NAMES) {
    const command = program.command(verb).description(VERBS[verb].summary).usage('[options]').helpOption('-h, --help', 'Print this help.');
    const options = describeOptions(VERBS[verb].schema);
    for (const option of options.toSorted((a, b) => Number(b.required) - Number(a.required))) addOption(command, option);
    const ownsConfig = options.some(({ flag }) => flag === 'config');
    if (!ownsConfig) command.option('--config <FILE>', 'Read options from this file; ./lifeboat.yml when there is one.');
    command
      .option('--json', 'Print the result as one JSON object, and nothing else, on standard output.')
      .option('--verbose', 'Show everything that pg_dump and pg_restore print.')
      .action((given: Record<string, unknown>) => {
        const { json, verbose, ...rest } = given;
        const { config, ...others } = rest;
        const path = ownsConfig ? undefined : (config as string | undefined);
        take({ kind: 'verb', verb, given: ownsConfig ? rest : others, json: json === true, verbose: verbose === true, config: path });
      });
  }
  return program;
}

function addOption(command: Command, described: OptionDescription): void {
  const { flag, kind, meta } = described;
  const value = kind === 'switch' ? '' : ` <${meta.placeholder ?? 'VALUE'}>`;
  const option = new Option(`--${flag}${value}`, helpOf(described));
  // `--no-owner` is a name of its own, not the opposite of an --owner.
  option.negate = false;
  const isFlag = (text: string) => command.options.some(({ long }) => long === text);
  if (kind !== 'switch') {
    option.argParser<unknown>((text, before) => {
      // `--storage --json`: a flag in the place of a value is a value that was forgotten.
      if (isFlag(text)) command.error(`'--${flag}'`, { code: 'commander.optionMissingArgument' });
      return kind === 'list' ? [...((before as string[] | undefined) ?? []), text] : text;
    });
  }
  command.addOption(option);
  if (kind === 'switch' && !flag.startsWith('no-')) {
    const opposite = new Option(`--no-${flag}`, `The opposite of --${flag}.`);
    // Off by default already: then it is of use only against lifeboat.yml.
    command.addOption(described.schema.def.type === 'default' ? opposite.hideHelp() : opposite);
  }
}

function helpOf({ meta, required, default: fallback }: OptionDescription): string {
  const facts = [
    ...(required ? ['required'] : []),
    ...(meta.environment === undefined ? [] : [`or set ${meta.environment}`]),
    ...(fallback === undefined ? [] : [`default: ${fallback}`]),
  ];
  return facts.length === 0 ? meta.description : `${meta.description} (${facts.join('; ')})`;
}

/** Arguments are repeated only as far as they are names: what stands behind `=`, or where no argument belongs, may be a password. */
function wrongUsage(error: CommanderError, args: readonly string[]): LifeboatError {
  const verb = VERB_NAMES.find((name) => name === args.find((arg) => !arg.startsWith('-'))) ?? null;
  const [, name = ''] = /'([^'=]*)/.exec(error.message) ?? [];
  switch (error.code) {
    case 'commander.unknownOption':
      return badOptions(verb, [{ option: plain(name), message: `is not an option${suggestion(name, flagsOf(verb))}` }]);
    case 'commander.unknownCommand':
      return badOptions(null, [{ option: plain(name), message: `is not a verb${suggestion(name, VERB_NAMES)}` }]);
    case 'commander.excessArguments':
      return badOptions(verb, [{ option: '', message: `${verb ?? 'lifeboat'} takes options only, and something else was given` }]);
    case 'commander.optionMissingArgument':
      return badOptions(verb, [{ option: name.split(' ')[0] ?? '', message: 'needs a value after it' }]);
    default:
      return badOptions(verb, [{ option: '', message: error.message.replace(/^error: /, '') }]);
  }
}

function flagsOf(verb: VerbName | null): string[] {
  const options = verb === null ? [] : describeOptions(VERBS[verb].schema);
  const own = options.flatMap(({ flag, kind }) => (kind === 'switch' && !flag.startsWith('no-') ? [`--${flag}`, `--no-${flag}`] : [`--${flag}`]));
  return [...own, '--config', '--json', '--verbose', '--help', ...(verb === null ? ['--version'] : [])];
}

function plain(name: string): string {
  return /^[\w-]{1,40}$/.test(name) ? name : 'What was given';
}

const EPILOGUE = `
Examples:
  lifeboat backup --database-url "$DATABASE_URL" --storage s3://bucket/prefix
  lifeboat drill --storage s3://bucket/prefix --database shop --rto 1h
  lifeboat list --storage s3://bucket/prefix

Exit status: 0 done, 1 it failed or a check found something, 2 wrong usage or configuration, 3 a bug.`;
