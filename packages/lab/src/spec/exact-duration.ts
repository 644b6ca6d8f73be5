import { formatDuration, milliseconds } from 'holdfast/spec';

/** A duration as a spec would state it, with all its digits: for what is compared, where `formatDuration` may round. */
export function exactDuration(duration: number): string {
  const short = formatDuration(duration);
  if (milliseconds(short) === duration) return short;
  return duration < 1000 ? `${duration}ms` : `${Number((duration / 1000).toPrecision(12))}s`;
}
