import { formatDuration } from '../core/duration.ts';
import { jitteredWait } from '../policies/retry/state.ts';
import type { Random } from '../runtime/random.ts';
import type { ParsedDependency } from './options.ts';

/** A dependency's policy in words, outermost first, and the worst that one call can do and take. */
export function explain(name: string, options: ParsedDependency): string {
  return [
    `${name}, from the outside in:`,
    ...lines(options).map((line) => `  ${line}`),
    worst(options),
  ].join('\n');
}

function lines(options: ParsedDependency): string[] {
  return [
    fallbackLine(options),
    options.deadline === null
      ? 'no deadline'
      : `deadline ${formatDuration(options.deadline)} unless the call sets another, and never more than its parent has left, less max(10ms, 5%)`,
    ...retryLines(options),
    bulkheadLine(options),
    breakerLine(options),
    options.timeout === null
      ? 'no attempt timeout'
      : `attempt timeout ${formatDuration(options.timeout)}`,
  ];
}

function fallbackLine({ fallback }: ParsedDependency): string {
  if (fallback === null) return 'no fallback';
  const parts = [
    fallback.stale === null
      ? null
      : `the last good answer, up to ${formatDuration(fallback.stale.maxAge)} old`,
    fallback.run === undefined ? null : `a function, within ${formatDuration(fallback.timeout)}`,
    fallback.value === undefined ? null : 'a fixed value',
  ];
  return `fallback: ${parts.filter((part) => part !== null).join(', else ')}`;
}

function retryLines({ retry }: ParsedDependency): string[] {
  if (retry === null || retry.maxAttempts === 1) return ['no retries'];
  const { backoff, budget } = retry;
  const wait =
    backoff.kind === 'custom'
      ? 'waits of your own'
      : `${backoff.kind} waits from ${formatDuration(backoff.base)} to ${formatDuration(backoff.max)}`;
  const tries = `up to ${retry.maxAttempts} attempts if repeating is safe, ${wait}, ${backoff.jitter} jitter`;
  if (budget === null) return [tries, 'no retry budget: an outage multiplies the load'];
  const earner = budget.earnedBy === 'success' ? 'successful calls' : 'calls';
  const over = budget.kind === 'window' ? ` over ${formatDuration(budget.window)}` : '';
  const cap = budget.capPerMinute > 0 ? `, at most ${budget.capPerMinute}/min` : '';
  return [
    tries,
    `retry budget: ${percent(budget.ratio)} of ${earner}${over}, plus ${budget.floorPerSecond}/s${cap}`,
  ];
}

function bulkheadLine({ bulkhead }: ParsedDependency): string {
  if (bulkhead === null) return 'no bulkhead';
  return `bulkhead: ${bulkhead.maxConcurrent} attempts at once, ${bulkhead.maxQueue} calls waiting`;
}

function breakerLine({ breaker }: ParsedDependency): string {
  if (breaker === null) return 'no breaker';
  const { kind, slowCallRate, slowCallDuration, failureRate, windowCalls } = breaker;
  const slow =
    slowCallRate > 0
      ? ` or ${percent(slowCallRate)} took longer than ${formatDuration(slowCallDuration)}`
      : '';
  const opens =
    kind === 'consecutive'
      ? `after ${breaker.consecutiveFailures} failures in a row`
      : kind === 'time'
        ? `when ${percent(failureRate)} of the calls in ${formatDuration(breaker.window)} failed${slow}, if there were at least ${breaker.minimumCalls}`
        : `when ${percent(failureRate)} of the last ${windowCalls} calls failed${slow}, if there were at least ${Math.min(breaker.minimumCalls, windowCalls)}`;
  return `breaker: opens for ${formatDuration(breaker.cooldown)} ${opens}`;
}

/** The worst that one call can do and take. */
function worst(options: ParsedDependency): string {
  const attempts = options.retry?.maxAttempts ?? 1;
  const makes = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  const bound = options.deadline ?? Infinity;
  const running = runningTime(options, attempts);
  const asked = (attempts - 1) * (options.retry?.maxRetryAfter ?? 0);
  // Only the deadline bounds how long others are served first.
  const queues = (options.bulkhead?.maxQueue ?? 0) > 0;
  const fallen = options.fallback?.run === undefined ? 0 : options.fallback.timeout;
  const most = formatDuration((queues ? bound : Math.min(running + asked, bound)) + fallen);
  const usual = formatDuration(Math.min(running, bound) + fallen);
  const unless =
    most === usual ? '' : `, or ${usual} if it waits neither in the queue nor for a Retry-After`;
  return `At worst, one call makes ${makes} and takes ${most}${unless}.`;
}

/** Every attempt runs into its timeout, and every backoff is as long as it can be. */
function runningTime({ retry, timeout, deadline }: ParsedDependency, attempts: number): number {
  if (timeout === null) return Infinity;
  if (retry === null) return timeout;
  const { backoff } = retry;
  let time = timeout;
  let wait = 0;
  for (let failures = 1; failures < attempts && time < (deadline ?? Infinity); failures++) {
    wait =
      backoff.kind === 'custom' ? backoff.max : jitteredWait(backoff, failures, wait, unluckiest);
    time += wait + timeout;
  }
  return time;
}

/** Draws the upper end of every spread. */
const unluckiest: Random = { next: () => 1, fork: () => unluckiest };

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`;
}
