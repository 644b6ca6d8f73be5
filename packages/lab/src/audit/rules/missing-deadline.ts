import { callsOf } from '../../spec/edges.ts';
import { eachCall, type Rule } from './rule.ts';

export const missingDeadline: Rule = {
  id: 'missing-deadline',
  severity: 'warning',
  looksFor: 'A call without a deadline that retries, queues or leads to further calls',
  why: 'Attempts, waits and queues add up without a limit. Also, the callee is not told how long its caller waits, so it goes on working after the caller has left.',
  check: eachCall((edge, { fleet }) => {
    const { deadline, retry, bulkhead } = edge.policy;
    if (deadline !== null) return null;
    const callee = fleet.services.get(edge.to);
    const adds = [
      retry !== null && retry.maxAttempts > 1 ? `${retry.maxAttempts} attempts` : '',
      bulkhead !== null && bulkhead.maxQueue > 0 ? `a queue of ${bulkhead.maxQueue}` : '',
      callee !== undefined && callsOf(callee).length > 0 ? `what ${edge.to} calls in turn` : '',
    ].filter((what) => what !== '');
    if (adds.length === 0) return null;
    return {
      options: ['deadline'],
      message: `${edge.id} has no deadline, so nothing bounds the total time of ${adds.join(' and ')}`,
      fix: 'Set `deadline` to more than attempts x timeout plus the waits between them. The default is 4 s, and 20 s with `protocol: http`.',
      value: null,
    };
  }),
};
