import { eachEdge, type Rule } from './rule.ts';

export const equalJitter: Rule = {
  id: 'equal-jitter',
  severity: 'info',
  looksFor: 'Waits of which only a half is random',
  why: 'With equal jitter callers have half of the wait to spread over, so that contention lasts longer and costs more attempts than with full jitter, for no gain.',
  check: eachEdge(({ id, policy: { retry } }) => {
    if (retry === null || retry.maxAttempts === 1 || retry.backoff.jitter !== 'equal') return null;
    return {
      options: ['retry.backoff.jitter'],
      message: `${id} has equal jitter: the first half of each wait is the same for every caller`,
      fix: 'Use `jitter: full`, the default; `decorrelated` does as well.',
      value: null,
    };
  }),
};
