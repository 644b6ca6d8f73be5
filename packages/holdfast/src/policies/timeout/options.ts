import { duration, type OptionsOf } from '../../core/options.ts';

/** The options of `timeout`. */
export const timeoutOptions = {
  /** How long one attempt may run. At least 1 ms; default 5 s over HTTP, else 1 s. */
  after: duration({ what: 'How long one attempt may run', default: '1s', min: 1 }),
};

/** See `timeout`. */
export interface TimeoutOptions extends OptionsOf<typeof timeoutOptions> {}
