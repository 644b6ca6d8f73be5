import { engineMetrics } from '../core/events.ts';
import type { MetricDescriptor } from '../core/metrics.ts';
import { idempotencyMetrics } from '../idempotency/telemetry.ts';
import { bulkheadMetrics } from '../policies/bulkhead/telemetry.ts';
import { circuitBreakerMetrics } from '../policies/circuit-breaker/telemetry.ts';
import { deadlineMetrics } from '../policies/deadline/telemetry.ts';
import { fallbackMetrics } from '../policies/fallback/telemetry.ts';
import { retryBudgetMetrics } from '../policies/retry-budget/telemetry.ts';
import { retryMetrics } from '../policies/retry/telemetry.ts';
import { timeoutMetrics } from '../policies/timeout/telemetry.ts';
import { fetchMetrics } from './telemetry.ts';

/**
 * Every metric as data: its name, unit and attributes, and the event or the field of a snapshot that it
 * is read from. An exporter loops over them and names no policy. Nothing else of idempotency is loaded
 * for its metrics.
 */
export const metrics: readonly MetricDescriptor[] = [
  ...engineMetrics,
  ...timeoutMetrics,
  ...deadlineMetrics,
  ...retryMetrics,
  ...retryBudgetMetrics,
  ...circuitBreakerMetrics,
  ...bulkheadMetrics,
  ...fallbackMetrics,
  ...fetchMetrics,
  ...idempotencyMetrics,
];
