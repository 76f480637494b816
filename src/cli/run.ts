import { exitStatusOf, isCancelled, LifeboatError } from '../errors.ts';
import { readConfigFile } from '../options/config-file.ts';
import { keyVariables } from '../options/copies.ts';
import { describeOptions } from '../options/describe.ts';
import { readOptions } from '../options/read.ts';
import { VERBS } from '../options/verbs.ts';
import { visible } from '../report/format.ts';
import { errorText } from '../report/terminal/error.ts';
import { COLOURED, PLAIN, type Style } from '../report/terminal/style.ts';
import { collectSecrets, type Secrets } from '../shell/secrets.ts';
import { abortOnSignals } from '../shell/signals.ts';
import { catchStrayErrors, cleanUp, StrayError } from '../shell/stray.ts';
import { runVerb } from './engine.ts';
import { parseArguments, type Request } from './program.ts';
import { createTerminalLog } from './terminal.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type VerbRequest = Extract<Request, { kind: 'verb' }>;

/** Does what the arguments ask for and answers with the exit status. Results go to standard output, everything else to standard error. */
export async function runCli(args: readonly string[], process: NodeJS.Process): Promise<number> {
  const environment: Environment = Object.freeze({ ...process.env });
  const secrets = collectSecrets(args, environment);
  const shell: Shell = { process, environment, secrets, json: args.includes('--json') };
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);
  try {
    const request = parseArguments(args);
    if (request.kind === 'verb') return await perform(request, { ...shell, json: request.json });
    (request.asked ? process.stdout : process.stderr).write(request.text);
    return request.asked ? 0 : 2;
  } catch (error) {
    return fail(error, shell);
  }
}

interface Shell {
  readonly process: NodeJS.Process;
  readonly environment: Environment;
  readonly secrets: Secrets;
  readonly json: boolean;
}

async function perform(request: VerbRequest, shell: Shell): Promise<number> {
  const { process, environment, secrets, json } = shell;
  const config = await readConfigFile(request.config, request.verb, request.given);
  const options = readOptions(request.verb, { given: request.given, environment, ...(config === null ? {} : { config }) });
  for (const { name, meta } of describeOptions(VERBS[request.verb].schema)) {
    const value = [(options as Record<string, unknown>)[name] ?? ''].flat().join('\n');
    // a URL and a connection string are shown but for their password; anything else is nothing but a secret
    if (meta.secret) secrets[/[:=]/.test(value) ? 'add' : 'addWhole'](value);
    if (name === 'signingKey') secrets.addKey(value);
  }
  for (const name of keyVariables(options)) secrets.addWhole(environment[name] ?? '');
  const { stdout, stderr } = process;
  const log = createTerminalLog({
    write: (text) => stderr.write(text),
    columns: () => (stderr.isTTY ? stderr.columns || 80 : null),
    verbose: request.verbose,
    hide: secrets.hide,
    style: styleOf(stderr, environment),
  });
  const controller = new AbortController();
  abortOnSignals(controller, process, log.info);
  const stray = catchStrayErrors(process);
  // What a child says when it is stopped is no news.
  const output = (program: string, line: string) => (controller.signal.aborted && !request.verbose ? undefined : log.output(program, line));
  const working = runVerb(request.verb, options, { log: { ...log, output }, signal: controller.signal, environment });
  try {
    const { result, ok, text } = await Promise.race([working, stray.caught]);
    log.close();
    if (json) stdout.write(`${JSON.stringify({ ok: true, ...(secrets.hideInResult(result) as object) })}\n`);
    else stdout.write(`${text(styleOf(stdout, environment), new Date())}\n`);
    return ok ? 0 : 1;
  } catch (error) {
    log.close();
    // Whatever broke once the verb was told to stop broke because of that.
    if (controller.signal.aborted) return fail(isCancelled(error) ? error : controller.signal.reason, shell);
    if (error instanceof StrayError) await cleanUp(working, controller, process);
    return fail(error instanceof StrayError ? error.cause : error, shell);
  } finally {
    stray.stop();
  }
}

function fail(error: unknown, { process, environment, secrets, json }: Shell): number {
  const known = error instanceof LifeboatError ? error : null;
  if (json) {
    const { code, message, remedy, details } = known ?? bugReport(error);
    process.stdout.write(`${JSON.stringify(secrets.hideIn({ ok: false, error: { code, message, remedy, details } }))}\n`);
  }
  const style = styleOf(process.stderr, environment);
  if (known !== null) {
    const hidden = new LifeboatError(known.code, secrets.hide(known.message), secrets.hide(known.remedy));
    process.stderr.write(`${errorText(hidden, style)}\n`);
  } else {
    const { message, remedy, details } = bugReport(error);
    const lines = [message, ...details.stack.split('\n'), remedy].map((line) => visible(secrets.hide(line)));
    process.stderr.write(`${style.bad('bug:')} ${lines.join('\n')}\n`);
  }
  return exitStatusOf(error);
}

function bugReport(error: unknown) {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'bug',
    message: `pg-lifeboat itself went wrong: ${error instanceof Error ? error.message : String(error)}`,
    remedy: 'Please report this with the stack; the backup or restore that was under way does not count.',
    details: { stack },
  };
}

function styleOf(stream: NodeJS.WriteStream, environment: Environment): Style {
  return stream.isTTY && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb' ? COLOURED : PLAIN;
}

/** Whoever read the output has seen enough (`| head`), or the terminal was closed: neither is a reason to stop. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
