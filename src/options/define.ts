import { z } from 'zod';

/** What a person reads of an option, wherever it is asked for: on the command line, in an action, in the reference. */
export interface OptionMeta {
  readonly description: string;
  /** What stands for the value in help: `URL`, `DURATION`. Absent for a switch. */
  readonly placeholder?: string;
  /** The environment variable that is read when the option is not given. */
  readonly environment?: string;
  /** What an action's input is when it is left out, where only a workflow knows that: `github.token`. */
  readonly expression?: string;
  /** Never printed, masked where it occurs, and not allowed in lifeboat.yml. */
  readonly secret?: true;
  /** Not secret, but what is given by mistake may be: never repeated in a message. */
  readonly unquoted?: true;
  /** Said anew for every run, by a person: not allowed in lifeboat.yml. */
  readonly byHand?: true;
  /** Its key in lifeboat.yml, at the top or of a database, for every verb that takes it. */
  readonly sharedKey?: string;
}

export const optionMeta = z.registry<OptionMeta>();

/** A copy of a schema, with what people read attached: a schema shared by several options has no metadata of its own. */
export function option<T extends z.ZodType>(schema: T, meta: OptionMeta): T {
  const own = schema.clone() as T;
  optionMeta.add(own, meta);
  return own;
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

/** `90s`, `15m`, `1h`, `26h`, `8d`, `2w` as seconds. */
export function durationSeconds(): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d+(?:\.\d+)?[smhdw]$/, 'is not a duration: write a number and s, m, h, d or w, like 90s, 15m, 1h or 8d')
    .transform((text) => Number(text.slice(0, -1)) * UNITS[text.at(-1) as keyof typeof UNITS]);
}

/** Text from a command line or an action's input as a whole number. */
export function wholeNumber(least: number, most: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d+$/, 'is not a whole number')
    .transform(Number)
    .refine((n) => n >= least && n <= most, `is not between ${least} and ${most}`);
}

/** The same as a number with or without a fraction. */
export function decimalNumber(least: number, most: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d+(?:\.\d+)?$/, 'is not a number')
    .transform(Number)
    .refine((n) => n >= least && n <= most, `is not between ${least} and ${most}`);
}

const SIZE_UNITS = { B: 0, KB: 1, MB: 2, GB: 3, TB: 4 } as const;

/** `0B`, `512kB`, `100MB`, `1.5GB` as bytes, in binary units as Postgres means them. */
export function byteSize(): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d+(?:\.\d+)?\s*[kMGT]?B$/i, 'is not a size: write a number and B, kB, MB, GB or TB, like 512kB or 100MB')
    .transform((text) => {
      const [, number = '', unit = 'B'] = /^([\d.]+)\s*(.*)$/.exec(text) ?? [];
      return Math.round(Number(number) * 1024 ** SIZE_UNITS[unit.toUpperCase() as keyof typeof SIZE_UNITS]);
    });
}

/** Bytes as an option has them: `100MB`. */
export function writtenSize(bytes: number): string {
  const [unit, power] = Object.entries(SIZE_UNITS).findLast(([, of]) => bytes > 0 && bytes % 1024 ** of === 0) ?? ['B', 0];
  return `${bytes / 1024 ** power}${unit === 'KB' ? 'kB' : unit}`;
}
