import { durations, eachService, type Rule } from './rule.ts';

export const shutdownBudget: Rule = {
  id: 'shutdown-budget',
  severity: 'error',
  looksFor: 'A drain that does not end before the platform kills the process',
  why: 'At every deploy, running requests are cut in the middle. They get no answer, and nobody knows whether they had their effect.',
  check: eachService(({ name, shutdown: { drain, terminationGracePeriod: grace } }) => {
    if (grace === null || drain < grace) return null;
    const [drained, killed] = durations(drain, grace);
    return {
      options: ['shutdown.terminationGracePeriod'],
      message: `${name} drains for ${drained}, but the platform kills it after ${killed}`,
      fix: `Set \`terminationGracePeriodSeconds\` to ${Math.ceil(drain / 1000) + 5} or more, or drain for less than ${killed}.`,
      value: drain - grace,
    };
  }),
};
