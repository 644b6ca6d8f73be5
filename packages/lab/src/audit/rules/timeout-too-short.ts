import { atLeast, eachEdge, ms, type Rule } from './rule.ts';

export const timeoutTooShort: Rule = {
  id: 'timeout-too-short',
  severity: 'error',
  looksFor: 'An attempt that is given less time than the callee usually takes to answer',
  why: 'Most attempts are cut while nothing is wrong: the callee works in vain, the caller sees an outage, and retries and breaker take it for one.',
  check: eachEdge((edge, { load, numbersOf }) => {
    const { window } = numbersOf(edge);
    const usual = load.answerTime(edge.to);
    if (window === null || window > usual) return null;
    const { timeout } = edge.options;
    const unit = typeof timeout === 'number' ? ` (\`timeout: ${timeout}\` is milliseconds)` : '';
    return {
      options: ['timeout'],
      message: `${edge.id} waits ${ms(window)} for an answer${unit}, but ${edge.to} takes ${atLeast(usual)} on average, when all is well and nothing waits`,
      fix: `Wait for as long as 99.9 % of the answers take and some room, several times ${atLeast(usual)}; or make ${edge.to} faster.`,
      value: usual - window,
    };
  }),
};
