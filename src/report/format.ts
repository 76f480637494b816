/** Numbers and names as people read them. One choice everywhere: sizes in binary units, times in UTC. */

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** 1536 as `1.50 KiB`: three digits that mean something. */
export function bytes(n: number): string {
  let value = Math.max(0, n);
  let unit = 0;
  // 1023.5 would be rounded to 1024 of the smaller unit
  while (value >= 1023.5 && unit < SIZE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${SIZE_UNITS[unit]}`;
}

/** 0.42 as `0.42 s`, 245 as `4 min 5 s`, 100000 as `1 d 3 h`: the two largest units. */
export function seconds(n: number): string {
  const value = Math.max(0, n);
  if (value < 59.95) return `${value < 9.995 ? hundredths(value) : value.toFixed(1).replace(/\.0$/, '')} s`;
  const whole = Math.round(value);
  if (whole < 3600) return twoUnits(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86_400) return twoUnits(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  return twoUnits(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h');
}

/** 1234567 as `1,234,567`. */
export function count(n: number): string {
  return COUNT.format(n);
}

/** `1 table`, `2 tables`, `2 indexes`. */
export function counted(n: number, singular: string, plural = `${singular}s`): string {
  return `${count(n)} ${n === 1 ? singular : plural}`;
}

/** How much smaller: `3.4 ×`; `–` when there is nothing to compare. */
export function ratio(before: number, after: number): string {
  return before > 0 && after > 0 ? `${threeDigits(before / after)} ×` : '–';
}

export function rate(n: number, inSeconds: number, unit: 'bytes' | 'rows' | 'indexes'): string {
  const perSecond = inSeconds > 0 ? n / inSeconds : 0;
  return unit === 'bytes' ? `${bytes(perSecond)}/s` : `${count(Math.round(perSecond))} ${unit}/s`;
}

/** 2026-11-20T02:00:13.000Z as `2026-11-20 02:00:13 UTC`; `–` for what is no time. */
export function time(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? '–' : `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** How long ago: `3 min`, `2 h`, `5 d`. */
export function age(iso: string, now: Date): string {
  const elapsed = (now.getTime() - Date.parse(iso)) / 1000;
  if (Number.isNaN(elapsed)) return '–';
  if (elapsed < 60) return `${Math.max(0, Math.floor(elapsed))} s`;
  if (elapsed < 3600) return `${Math.floor(elapsed / 60)} min`;
  return elapsed < 2 * 86_400 ? `${Math.floor(elapsed / 3600)} h` : `${Math.floor(elapsed / 86_400)} d`;
}

/**
 * Text that came from a database or another program, on one line and with nothing in it that a terminal would obey:
 * control characters and those that turn the writing direction are spelled out.
 */
export function visible(text: string): string {
  return text.replaceAll(UNPRINTABLE, (c) => NAMED[c] ?? `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** No longer than so many characters. */
export function shortened(text: string, most: number): string {
  const characters = [...text.slice(0, most * 2 + 2)];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]/gu;
const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001b': '\\e', '\0': '\\0' };
const COUNT = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

function threeDigits(value: number): string {
  if (value >= 99.95) return count(Math.round(value));
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** 1 as `1`, 0.2 as `0.20`: whole numbers are targets, the others were measured. */
function hundredths(value: number): string {
  return value.toFixed(2).replace(/\.00$/, '');
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** A post-quantum recipient has two thousand letters; the first of them tell keys apart. */
export function shortRecipient(recipient: string): string {
  return shortened(recipient, 64);
}
