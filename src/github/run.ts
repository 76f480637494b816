import { setFlagsFromString } from 'node:v8';
import type { Context } from '../context.ts';
import { isCancelled } from '../errors.ts';
import { ACTIONS, type ActionName, describeInputs, type SettingsOf } from '../options/actions.ts';
import { abortOnSignals } from '../shell/signals.ts';
import { catchStrayErrors, cleanUp, StrayError } from '../shell/stray.ts';
import { stopCommands } from './commands.ts';
import { type ActionOptions, readInputs, readSettings } from './inputs.ts';
import { createRunnerLog } from './log.ts';
import { maskKeys, maskSecrets } from './masks.ts';
import type { Environment, Outcome, Shell } from './shell.ts';
import { tellFailure, tellOutcome } from './tell.ts';

export type Work<A extends ActionName> = (options: ActionOptions<A>, context: Context, settings: SettingsOf<A>) => Promise<Outcome<A>>;

/**
 * The shell of every action: masks first, then inputs, the work, outputs, summary, annotations, and whoever waits to hear of it.
 * Sets process.exitCode: 0 done, 1 it failed or a check found something, 2 wrong inputs or configuration, 3 a bug.
 */
export async function runAction<A extends ActionName>(name: A, work: Work<A>, process: NodeJS.Process = globalThis.process): Promise<void> {
  // as in src/cli/main.js
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--semi-space-growth-factor=1');
  const environment: Environment = Object.freeze({ ...process.env });
  const secrets = maskSecrets(describeInputs(ACTIONS[name]), environment);
  const write = (text: string) => void process.stdout.write(text);
  const commands = stopCommands(write);
  const log = createRunnerLog({ write, commands, hide: secrets.hide, verbose: environment['RUNNER_DEBUG'] === '1' });
  try {
    process.exitCode = await perform(name, work, { name, process, environment, secrets, commands, log, controller: new AbortController() });
  } finally {
    log.close();
    commands.resume();
  }
}

async function perform<A extends ActionName>(name: A, work: Work<A>, shell: Shell): Promise<number> {
  const { process, environment, log, controller } = shell;
  abortOnSignals(controller, process, log.info);
  const stray = catchStrayErrors(process);
  let settings: SettingsOf<A> | null = null;
  let options: ActionOptions<A> | null = null;
  try {
    settings = readSettings(name, environment);
    options = await readInputs(name, (settings as { config?: string }).config, environment);
    maskKeys(options, environment, shell.secrets, shell.commands);
    // What a child says when it is stopped is no news.
    const output = (program: string, line: string) => (controller.signal.aborted ? undefined : log.output(program, line));
    const working = work(options, { log: { ...log, output }, signal: controller.signal, environment }, settings);
    const outcome = await Promise.race([working, stray.caught]).catch(async (error: unknown) => {
      if (!(error instanceof StrayError)) throw error;
      if (!controller.signal.aborted) await cleanUp(working, controller, process);
      throw error.cause;
    });
    return await tellOutcome(outcome, settings, shell);
  } catch (error) {
    const { aborted, reason } = controller.signal;
    // Whatever broke once the verb was told to stop broke because of that.
    const isStopped = aborted && reason.details['signal'] !== undefined;
    return await tellFailure(isStopped && !isCancelled(error) ? reason : error, options, settings, shell);
  } finally {
    stray.stop();
  }
}
