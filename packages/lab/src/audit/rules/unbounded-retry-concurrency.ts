import { eachDependency, namesOf, type Rule } from './rule.ts';

export const unboundedRetryConcurrency: Rule = {
  id: 'unbounded-retry-concurrency',
  severity: 'warning',
  looksFor: 'Retries without a bound on how many attempts run at once',
  why: 'When the callee slows down, first attempts and retries pile up together, with their sockets, memory and callers, until the process serves nobody.',
  check: eachDependency((edges, _audited, caller) => {
    const { retry, bulkhead } = edges[0].policy;
    if (caller === null || bulkhead !== null) return null;
    if (retry === null || retry.maxAttempts === 1) return null;
    return {
      options: ['bulkhead'],
      message: `${namesOf(edges)}: there are retries but no bulkhead, so nothing bounds how many attempts run at once`,
      fix: 'Leave `bulkhead` out for the default (50 at once, 100 queued), or set `maxConcurrent` to (calls a second) x (seconds a call) plus some room.',
      value: null,
    };
  }),
};
