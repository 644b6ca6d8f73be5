const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?$/;

/**
 * Milliseconds since 1970 of a time in ISO 8601 (`2026-03-02T09:00:00.250+01:00`), with fractions; in UTC
 * if it does not say where. Null for what is none, also for a date that there is not.
 */
export function instantOf(text: string): number | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    ...[year: number, month: number, day: number],
    ...[hour: number, minute: number, second: number],
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null;
  if (hour > 23 || minute > 59 || second >= 60) return null;
  const minutes = (daysBefore(year, month) + day - 1) * 1440 + hour * 60 + minute;
  return (minutes - offsetOf(match[7] ?? 'Z')) * 60_000 + second * 1000;
}

/** Minutes that a zone is ahead of UTC. */
function offsetOf(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return zone.startsWith('-') ? -minutes : minutes;
}

/** Days from 1970 to the first of this month, of the Gregorian calendar. */
function daysBefore(year: number, month: number): number {
  // Leap days come last in years that begin in March.
  const y = month > 2 ? year : year - 1;
  const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  const sinceMarch = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  return y * 365 + leaps + sinceMarch - 719_468;
}

function daysIn(year: number, month: number): number {
  const next = month === 12 ? daysBefore(year + 1, 1) : daysBefore(year, month + 1);
  return next - daysBefore(year, month);
}
