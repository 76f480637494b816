import { z } from 'zod';
import { option } from './define.ts';

export const keygenOptions = z.strictObject({
  for: option(z.enum(['encryption'], 'is not encryption').default('encryption'), {
    description: 'What the key is for: encryption makes an age identity and the recipient that goes with it.',
    placeholder: 'PURPOSE',
  }),
  out: option(z.string().min(1, 'is empty').optional(), {
    description: 'Write the secret key to this new file, which only you may read; to standard output unless given.',
    placeholder: 'FILE',
  }),
});

export type KeygenOptions = z.output<typeof keygenOptions>;
