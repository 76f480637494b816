export const PERIODS = ['daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof PERIODS)[number];

/** Which day, week, month and year a moment is in, each as a number that grows by one from one to the next. */
export type Calendar = Readonly<Record<Period, number>>;

const DAY_MS = 86_400_000;

/**
 * The calendar of a time zone. Days are those of the wall clock, of 23 or 25 hours where it is put forward or back; weeks are ISO weeks.
 * @param timezone IANA name; throws RangeError for one that does not exist
 */
export function calendarIn(timezone: string): (moment: Date) => Calendar {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
  });
  return (moment) => {
    const [month = 1, day = 1, year = 1970] = format.format(moment).split('/').map(Number);
    const daily = Date.UTC(year, month - 1, day) / DAY_MS;
    // 1970-01-01 was a Thursday, and ISO weeks begin on Monday
    return { daily, weekly: Math.floor((daily + 3) / 7), monthly: year * 12 + month - 1, yearly: year };
  };
}

/** 2026-11-20, 2026-W47, 2026-11 or 2026. */
export function periodLabel(period: Period, index: number): string {
  if (period === 'daily') return isoDay(index);
  if (period === 'weekly') return isoWeek(index);
  if (period === 'monthly') return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`;
  return String(index);
}

export function isTimeZone(name: string): boolean {
  try {
    calendarIn(name);
    return true;
  } catch {
    return false;
  }
}

function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The year of an ISO week is the one that its Thursday is in. */
function isoWeek(week: number): string {
  const thursday = week * 7;
  const year = Number(isoDay(thursday).slice(0, 4));
  const number = 1 + Math.floor((thursday - Date.UTC(year, 0, 1) / DAY_MS) / 7);
  return `${year}-W${String(number).padStart(2, '0')}`;
}
