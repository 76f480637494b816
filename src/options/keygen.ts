import { z } from 'zod';
import { option } from './define.ts';

export const keygenOptions = z.strictObject({
  for: option(z.enum(['encryption', 'signing'], 'is neither encryption nor signing').default('encryption'), {
    description:
      'What the key is for: encryption makes an age identity and the recipient that goes with it, signing an Ed25519 key and the public key that checks it.',
    placeholder: 'PURPOSE',
  }),
  out: option(z.string().min(1, 'is empty').optional(), {
    description: 'Write the secret key to this new file, which only you may read; to standard output unless given.',
    placeholder: 'FILE',
  }),
});

export type KeygenOptions = z.output<typeof keygenOptions>;
