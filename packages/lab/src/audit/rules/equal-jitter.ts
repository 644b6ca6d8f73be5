import { eachEdge, type Rule } from './rule.ts';

export const equalJitter: Rule = {
  id: 'equal-jitter',
  severity: 'info',
  looksFor: 'Waits between attempts of which only half is random',
  why: 'Callers that failed together spread over only half of the wait. Contention lasts longer and costs more attempts than with full jitter, and equal jitter has no advantage in return.',
  check: eachEdge(({ id, policy: { retry } }) => {
    if (retry === null || retry.maxAttempts === 1 || retry.backoff.jitter !== 'equal') return null;
    return {
      options: ['retry.backoff.jitter'],
      message: `${id} uses equal jitter: the first half of each wait is the same for every caller`,
      fix: 'Set `jitter: full`, the default, or `jitter: decorrelated`.',
      value: null,
    };
  }),
};
