import { durations, eachService, type Rule, waitOf } from './rule.ts';

/** The most that `queue.max` may be. */
const MAX_QUEUE = 1_000_000;

export const queueOutlivesDeadline: Rule = {
  id: 'queue-outlives-deadline',
  severity: 'warning',
  looksFor: 'A service whose full queue takes longer to work off than its callers wait',
  why: 'When requests wait in the queue longer than their callers do, every answer comes too late. The service is busy with answers that nobody waits for, and stays so after the overload is over.',
  counts: 'workers and time',
  check: eachService((service, audited) => {
    const { queue, workers } = service.server;
    // An external queue is not in our hands; one that drops what is late is never full of it.
    if (service.external || queue.checksDeadline || queue.abandoned === 'cancelled') return null;
    // While requests wait, all workers are busy.
    const each = audited.load.held(service, workers) / workers;
    // Work that takes no time never waits, if somebody says that it takes none.
    const isBounded = queue.max < Infinity || service.stated.has('serviceTime');
    if (isBounded && !(each > 0)) return null;
    const waits = audited.callsTo(service.name).map((edge) => waitOf(edge, audited));
    const patience = Math.max(0, ...waits);
    const wait = queue.max === Infinity ? Infinity : queue.max * each;
    if (waits.length === 0 || wait <= patience) return null;
    const [whole, waited] = durations(wait, patience);
    const half = Math.floor(patience / each / 2);
    return {
      options: ['queue.max'],
      message:
        wait === Infinity
          ? `${service.name} has a queue without a bound`
          : `${service.name}: a full queue of ${queue.max} takes ${whole} to work off, but callers wait only ${waited}`,
      fix: `Set \`max: ${Math.min(half, MAX_QUEUE)}\` for the queue, which then takes at most half of the time that callers wait, or set \`checksDeadline: true\`.`,
      value: wait === Infinity ? null : wait,
    };
  }),
};
