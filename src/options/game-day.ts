import { z } from 'zod';
import { database, storeOptions } from './common.ts';
import { copyStores } from './copies.ts';
import { durationSeconds, option } from './define.ts';

const text = z.string().min(1, 'is empty');

export const gameDayOptions = z.strictObject({
  ...storeOptions,
  storage: option(text.optional(), {
    description: 'Where backups live, to fill in what machines know: s3://bucket/prefix or file:///folder.',
    placeholder: 'STORE',
    environment: 'LIFEBOAT_STORAGE',
  }),
  database: option(database.optional(), { description: "The database's name in the store.", placeholder: 'NAME' }),
  copy: copyStores('A store with copies of the backups, to see whether the newest is there.'),
  scenario: option(text.optional(), {
    description: 'Which scenario: the name of a file in --scenarios; unless given, the one that was played longest ago.',
    placeholder: 'NAME',
  }),
  scenarios: option(text.default('runbooks/drills'), {
    description: 'The folder of the scenarios, of checklist.yml and of measurements.md.',
    placeholder: 'FOLDER',
  }),
  rto: option(durationSeconds().default(3600), {
    description: 'How long a recovery may take; a scenario may say otherwise.',
    placeholder: 'DURATION',
  }),
  rpo: option(durationSeconds().default(86_400), {
    description: 'How old the newest backup may be; a scenario may say otherwise.',
    placeholder: 'DURATION',
  }),
});

export type GameDayOptions = z.output<typeof gameDayOptions>;
