export type { ResilientFetchOptions } from './options.ts';
export {
  type NeedsHttpClassifier,
  type NeedsResponseFallback,
  resilientFetch,
} from './resilient-fetch.ts';
export { attemptsOf, resultOf } from './results.ts';
