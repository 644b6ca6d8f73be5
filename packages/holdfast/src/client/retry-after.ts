const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

/** The three forms of RFC 9110, §5.6.7; the first is the one in use. */
const DATES = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(String.raw`^\w{3}, (?<day>\d\d) (?<month>\w{3}) (?<year>\d{4}) ${TIME} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(String.raw`^\w{6,9}, (?<day>\d\d)-(?<month>\w{3})-(?<year>\d\d) ${TIME} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(String.raw`^\w{3} (?<month>\w{3}) (?<day>[ \d]\d) ${TIME} (?<year>\d{4})$`),
];

/**
 * Milliseconds to wait by a `Retry-After` header, in seconds or as a date; 0 for a date that has
 * passed, undefined for what is neither.
 *
 * @param now the wall time that a date is compared with, in milliseconds since the epoch.
 */
export function retryAfter(value: string, now: () => number): number | undefined {
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date = httpDate(text);
  return date === undefined ? undefined : Math.max(0, date - now());
}

/** Milliseconds since the epoch of a date as HTTP writes it; undefined for anything else. */
export function httpDate(text: string): number | undefined {
  for (const pattern of DATES) {
    const parts = pattern.exec(text)?.groups;
    if (parts !== undefined) return epoch(parts);
  }
  return undefined;
}

function epoch(parts: Readonly<Record<string, string>>): number | undefined {
  const month = MONTHS.indexOf(parts['month']!) + 1;
  const day = Number(parts['day']);
  const hour = Number(parts['hour']);
  const minute = Number(parts['minute']);
  const second = Number(parts['second']); // 60 in a leap second
  if (month === 0 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) {
    return undefined;
  }
  const days = daysSinceEpoch(fullYear(parts['year']!), month, day);
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

/** Two digits mean a year from 1970 to 2069. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 4) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

/**
 * Days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that a
 * leap day is the last of its year (Howard Hinnant, "chrono-compatible low-level date algorithms").
 */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leapDays + dayOfYear - 719_468;
}
