import { integer, oneOf, type OptionsOf, type ParsedOf } from '../../core/options.ts';

/** The options of `bulkhead`. */
export const bulkheadOptions = {
  /** Attempts that may run at once. 1 to 1 000 000; default 50. */
  maxConcurrent: integer({
    what: 'Attempts that may run at once',
    default: 50,
    min: 1,
    max: 1_000_000,
  }),
  /** Calls that may wait for a slot; 0 for none. 0 to 10 000 000; default 100. */
  maxQueue: integer({
    what: 'Calls that may wait for a slot; 0 for none',
    default: 100,
    min: 0,
    max: 10_000_000,
  }),
  /**
   * When an operation that was abandoned (it timed out, or the caller aborted) gives its slot back: at
   * once (`abandon`), or when it has really settled (`settle`). Default `abandon`: an operation that
   * ignores its signal then counts as a zombie, and not against the limit.
   */
  releaseOn: oneOf(['abandon', 'settle'], {
    what: 'When an operation that was abandoned gives its slot back: at once, or when it has really settled',
    default: 'abandon',
  }),
};

/** See `bulkhead`. */
export interface BulkheadOptions extends OptionsOf<typeof bulkheadOptions> {}
export type ParsedBulkhead = ParsedOf<typeof bulkheadOptions>;
