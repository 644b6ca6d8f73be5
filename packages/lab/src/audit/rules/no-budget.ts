import { eachEdge, type Rule } from './rule.ts';

export const noBudget: Rule = {
  id: 'no-budget',
  severity: 'warning',
  looksFor: "The library's retries without a budget",
  why: 'Retries mend single failures and make outages worse. A budget tells the two apart: while most calls succeed there is plenty, when most fail it is empty, and the load stays what it was.',
  check: eachEdge(({ id, policy: { retry } }) => {
    if (retry === null || retry.maxAttempts === 1 || retry.budget !== null) return null;
    return {
      options: ['retry.budget'],
      message: `${id} retries without a budget: an outage multiplies its load by ${retry.maxAttempts}`,
      fix: 'Leave `budget` out: it is then a tenth of the calls that succeed.',
      value: retry.maxAttempts,
    };
  }),
};
