import { duration, type OptionsOf } from '../../core/options.ts';

/** The options of `deadline`. */
export const deadlineOptions = {
  /** Time for a whole call: attempts, waits and queues. At least 1 ms; default 20 s over HTTP, else 4 s. */
  after: duration({
    what: 'Time for a whole call: attempts, waits and queues',
    default: '4s',
    min: 1,
  }),
};

/** See `deadline`. */
export interface DeadlineOptions extends OptionsOf<typeof deadlineOptions> {}
