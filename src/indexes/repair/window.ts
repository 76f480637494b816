/** Hours of the wall clock, in minutes since midnight; where `from` is not before `to`, it goes over midnight. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

/** `01:00-05:00`; `null` when it is not written like that, or lasts no time. */
export function parseWindow(text: string): Window | null {
  const [from, fromMinutes, to, toMinutes] = (TIME.exec(text) ?? []).slice(1).map(Number);
  if (from === undefined || fromMinutes === undefined || to === undefined || toMinutes === undefined) return null;
  const window = { from: from * 60 + fromMinutes, to: to * 60 + toMinutes };
  return window.from === window.to ? null : window;
}

/** Its end is not in it. @param timezone IANA name */
export function isInside({ from, to }: Window, timezone: string, moment: Date): boolean {
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    numberingSystem: 'latn',
  });
  const [hours = 0, minutes = 0] = clock.format(moment).split(':').map(Number);
  const now = hours * 60 + minutes;
  return from < to ? now >= from && now < to : now >= from || now < to;
}

/** `01:00-05:00`. */
export function windowText({ from, to }: Window): string {
  const text = (minutes: number) => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  return `${text(from)}-${text(to)}`;
}
