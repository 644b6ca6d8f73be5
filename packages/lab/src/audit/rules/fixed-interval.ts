import { plainWait } from '../library-layer.ts';
import { eachEdge, ms, type Rule } from './rule.ts';

export const fixedInterval: Rule = {
  id: 'fixed-interval',
  severity: 'warning',
  looksFor: 'Attempts at a fixed interval, or without any wait between them',
  why: 'The longer a dependency has failed, the longer it may go on failing. Callers whose waits do not grow keep up their whole load until it is back, and then hit it with that load.',
  check: eachEdge(({ id, policy: { retry } }) => {
    if (retry === null || retry.maxAttempts === 1) return null;
    const { backoff, maxAttempts } = retry;
    const first = plainWait(backoff, 1);
    const last = plainWait(backoff, maxAttempts - 1);
    // A single wait cannot grow, and decorrelated waits grow by themselves.
    const grows = maxAttempts === 2 || backoff.jitter === 'decorrelated' || last > first;
    if (first > 0 && grows) return null;
    return {
      options: [first === 0 ? 'retry.backoff.base' : 'retry.backoff.kind'],
      message:
        first === 0
          ? `${id} makes its ${maxAttempts} attempts one after another without any wait`
          : `${id} waits ${ms(first)} before each of its ${maxAttempts - 1} retries, and the wait never grows`,
      fix: 'Set `backoff: { kind: exponential, base: 100ms, max: 5s }`, the default.',
      value: first,
    };
  }),
};
