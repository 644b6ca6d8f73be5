/** A retry policy as gRPC's service config has it. */
export const RETRY = {
  maxAttempts: 4,
  initialBackoff: '0.1s',
  maxBackoff: '0.3s',
  backoffMultiplier: 2,
  retryableStatusCodes: ['UNAVAILABLE'],
};
