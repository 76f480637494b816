import { packageOf } from '../../postgres/extension-files.ts';
import type { Profile } from '../../providers/profiles.ts';
import { counted } from '../../report/format.ts';
import { type Judgement, judged, unknown, warn } from '../judgement.ts';

export interface ExtensionFacts {
  readonly serverMajor: number;
  readonly installed: readonly { readonly name: string; readonly dependents: readonly string[] }[];
  /** What a scratch server here would offer; `null` where that cannot be told. */
  readonly offered: readonly string[] | null;
  readonly profile: Profile | null;
  readonly allowed: readonly string[];
}

/** Whether a drill on this machine could make every extension of the database. */
export function judgeExtensions({ serverMajor, installed, offered, profile, allowed }: ExtensionFacts): Judgement {
  const names = installed.map(({ name }) => name);
  const says =
    names.length === 0 ? 'The database uses no extension.' : `The database uses ${counted(names.length, 'extension')}: ${names.join(', ')}.`;
  if (names.length === 0) return judged(says, []);
  if (offered === null) {
    return judged(says, [
      unknown(
        `What a scratch server of major ${serverMajor} offers here cannot be told: its files were not found on this machine.`,
        `Install the server programs of Postgres ${serverMajor} where drills run.`,
      ),
    ]);
  }
  const absent = names.filter((name) => !offered.includes(name));
  const expected = absent.filter((name) => profile?.extensions.includes(name) === true || allowed.includes(name));
  const missing = absent.filter((name) => !expected.includes(name));
  const note =
    expected.length === 0
      ? ''
      : ` A drill lists ${expected.join(', ')} as not proven: only ${profile?.title ?? 'the source'} has ${expected.length === 1 ? 'it' : 'them'}.`;
  if (missing.length === 0) return judged(says + note, []);
  const packages = missing.map((name) => packageOf(name, serverMajor));
  const hanging = installed.filter(({ name }) => missing.includes(name)).reduce((sum, { dependents }) => sum + dependents.length, 0);
  return judged(says + note, [
    warn(
      `A drill on this machine cannot offer ${missing.join(', ')}, which ${counted(hanging, 'object')} of the database ${hanging === 1 ? 'hangs' : 'hang'} on.`,
      `Where drills run: apt-get install ${packages.join(' ')} (contrib extensions are in postgresql-contrib), or accept that it is not proven: ${missing.map((name) => `--allow-missing-extension ${name}`).join(' ')}.`,
      missing,
    ),
  ]);
}
