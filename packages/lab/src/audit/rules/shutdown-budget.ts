import { eachService, ms, type Rule } from './rule.ts';

export const shutdownBudget: Rule = {
  id: 'shutdown-budget',
  severity: 'error',
  looksFor: 'A drain that does not end before the platform kills the process',
  why: 'Requests that were to be finished are cut in the middle at every deploy, with no answer and with effects of which nobody knows.',
  check: eachService(({ name, shutdown: { drain, terminationGracePeriod: grace } }) => {
    if (grace === null || drain < grace) return null;
    return {
      options: ['shutdown.terminationGracePeriod'],
      message: `${name} drains for ${ms(drain)}, and is killed after ${ms(grace)}`,
      fix: `Set \`terminationGracePeriodSeconds\` to ${Math.ceil(drain / 1000) + 5} or more, or drain for less than ${ms(grace)}.`,
      value: drain - grace,
    };
  }),
};
