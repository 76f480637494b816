import { z } from 'zod';
import { database } from './common.ts';
import { option } from './define.ts';

const text = z.string().min(1, 'is empty');

export const matrixOptions = z.strictObject({
  config: option(text.optional(), {
    description: 'The file with the databases; ./lifeboat.yml when there is one.',
    placeholder: 'FILE',
  }),
  for: option(z.enum(['backup', 'drill', 'watch', 'verify', 'indexes'], 'is none of backup, drill, watch, verify and indexes').default('backup'), {
    description: 'What every database is to go through: it decides which environment variables an entry names.',
    placeholder: 'VERB',
  }),
  database: option(database.optional(), { description: 'Only this database.', placeholder: 'NAME' }),
});

export type MatrixOptions = z.output<typeof matrixOptions>;
