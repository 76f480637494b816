import type { LifeboatError } from '../../errors.ts';
import { visible } from '../format.ts';
import type { Style } from './style.ts';

/** Code, what happened, and what to do about it. */
export function errorText(error: LifeboatError, style: Style): string {
  const [first = '', ...rest] = error.message.split('\n');
  const lines = [`${style.bad(`error ${error.code}:`)} ${visible(first)}`, ...rest.map((line) => `  ${visible(line)}`)];
  if (error.remedy !== '') lines.push(`${style.strong('what to do:')} ${visible(error.remedy)}`);
  return lines.join('\n');
}
