import { z } from 'zod';
import { option } from './define.ts';

/** What the newest client programs may be asked for by default. */
const NEWEST_MAJOR = 18;
const OLDEST_MAJOR = 14;

const majors = z
  .string()
  .regex(/^\d{2}(?:[\s,]+\d{2})*$/, 'is not a major version, or several, like 17 or 16 17')
  .transform((text) => [...new Set(text.split(/[\s,]+/).map(Number))])
  .refine((all) => all.every((major) => major >= OLDEST_MAJOR), `is older than ${OLDEST_MAJOR}, which is the oldest that is supported`);

export const setupPostgresSettings = {
  version: option(majors.default([NEWEST_MAJOR]), {
    description: 'The major version of Postgres, client and server programs; several are separated by spaces, and the first goes first on PATH.',
    placeholder: 'MAJOR',
  }),
  cache: option(z.boolean().default(true), {
    description:
      "Keep downloaded packages in the runner's tool cache. A self-hosted runner keeps them by itself; elsewhere give the output cache-path to actions/cache.",
  }),
};
