import { formatDuration } from '../core/duration.ts';
import { plainWait } from '../policies/retry/state.ts';
import type { ParsedDependency } from './options.ts';

/** A dependency's policy in words, outermost first, and the worst that one call can do and take. */
export function explain(name: string, options: ParsedDependency): string {
  return [
    `${name}, from the outside in:`,
    ...lines(options).map((line) => `  ${line}`),
    `At worst, one call makes ${worstAttempts(options)} and takes ${worstTime(options)}.`,
  ].join('\n');
}

function lines(options: ParsedDependency): string[] {
  return [
    fallbackLine(options),
    options.deadline === null
      ? 'no deadline'
      : `deadline ${formatDuration(options.deadline)}, or what the parent has left less max(10ms, 5%)`,
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
  return `bulkhead: ${bulkhead.maxConcurrent} at once, ${bulkhead.maxQueue} waiting`;
}

function breakerLine({ breaker }: ParsedDependency): string {
  if (breaker === null) return 'no breaker';
  const { slowCallRate, slowCallDuration, failureRate, minimumCalls } = breaker;
  const slow =
    slowCallRate > 0
      ? ` or ${percent(slowCallRate)} slower than ${formatDuration(slowCallDuration)}`
      : '';
  const opens =
    breaker.kind === 'consecutive'
      ? `${breaker.consecutiveFailures} failures in a row`
      : `${percent(failureRate)} failures${slow} over ${
          breaker.kind === 'time' ? formatDuration(breaker.window) : `${breaker.windowCalls} calls`
        }, of at least ${minimumCalls} calls`;
  return `breaker: opens at ${opens}, for ${formatDuration(breaker.cooldown)}`;
}

function worstAttempts({ retry }: ParsedDependency): string {
  const attempts = retry?.maxAttempts ?? 1;
  return attempts === 1 ? '1 attempt' : `${attempts} attempts`;
}

/** Every attempt runs into its timeout, every wait is as long as it can be, and the fallback too. */
function worstTime({ retry, timeout, deadline, fallback }: ParsedDependency): string {
  const attempts = retry?.maxAttempts ?? 1;
  let time = timeout === null ? Infinity : attempts * timeout;
  for (let failures = 1; retry !== null && time !== Infinity && failures < attempts; failures++) {
    time +=
      retry.backoff.kind === 'custom' ? retry.backoff.max : plainWait(retry.backoff, failures);
    if (deadline !== null && time >= deadline) break;
  }
  if (deadline !== null) time = Math.min(time, deadline);
  if (fallback?.run !== undefined) time += fallback.timeout;
  return formatDuration(time);
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10}%`;
}
