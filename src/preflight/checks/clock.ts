import { seconds } from '../../report/format.ts';
import { fail, type Judgement, only, pass, warn } from '../judgement.ts';

const WARN_SECONDS = 60;
/** Beyond it S3 takes no signature: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed) */
const FAIL_SECONDS = 15 * 60;

/**
 * @param whose `the database server`, `the store`
 * @param skew its clock minus ours, in seconds
 * @param error how far off that may be
 * @param signed whether requests to it carry a time that it checks
 */
export function judgeClock(whose: string, skew: number, error: number, signed: boolean): Judgement {
  const off = Math.max(0, Math.abs(skew) - error);
  const says =
    off < 1
      ? `The clocks of ${whose} and of this machine agree.`
      : `The clock of ${whose} is ${seconds(off)} ${skew > 0 ? 'ahead of' : 'behind'} this machine's.`;
  const remedy = 'Set the clock of this machine by NTP (timedatectl set-ntp true), or that of the server.';
  if (signed && off > FAIL_SECONDS) return only(fail(says, remedy));
  return off > WARN_SECONDS ? only(warn(`${says} Ages of backups, and so what is kept, go by both.`, remedy)) : pass(says);
}
