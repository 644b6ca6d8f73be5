import { eachEdge, type Rule } from './rule.ts';

export const noJitter: Rule = {
  id: 'no-jitter',
  severity: 'warning',
  looksFor: 'Waits between attempts that are the same for every caller',
  why: 'Callers that failed at the same moment come back at the same moment and fail together again. The waits only move the spike instead of spreading it.',
  check: eachEdge(({ id, policy: { retry } }) => {
    // Without any wait there is nothing to spread: `fixed-interval` says so.
    if (retry === null || retry.maxAttempts === 1 || retry.backoff.base === 0) return null;
    if (retry.backoff.jitter !== 'none') return null;
    return {
      options: ['retry.backoff.jitter'],
      message: `${id} waits without jitter before each of its retries`,
      fix: 'Leave `jitter` out: the default, `full`, draws each wait at random between 0 and the whole wait.',
      value: null,
    };
  }),
};
