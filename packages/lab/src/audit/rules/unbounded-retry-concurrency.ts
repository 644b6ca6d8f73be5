import { eachCall, type Rule } from './rule.ts';

export const unboundedRetryConcurrency: Rule = {
  id: 'unbounded-retry-concurrency',
  severity: 'warning',
  looksFor: 'Retries without a bulkhead: nothing bounds how many attempts run at once',
  why: 'When the callee slows down, first attempts and retries pile up together: sockets, memory and callers, until the process serves nobody.',
  check: eachCall(({ id, policy: { retry, bulkhead } }) => {
    if (retry === null || retry.maxAttempts === 1 || bulkhead !== null) return null;
    return {
      options: ['bulkhead'],
      message: `${id} retries, and has no bulkhead to bound how many attempts run at once`,
      fix: 'Leave `bulkhead` out (50 at once, 100 queued), or size it: calls a second x seconds a call, and some room.',
      value: null,
    };
  }),
};
