import type { Scenario } from '../scenario.ts';
import { policyScenario } from './each-policy.ts';
import { failureScenario, refusalScenario, windowScenario } from './failing.ts';
import { fetchScenario } from './fetch.ts';
import { idleScenario } from './idle.ts';
import { expiryScenario, pendingScenario } from './pending.ts';
import { dependencyScenario, pipelineScenario, signalScenario } from './pipeline.ts';
import { outageScenario, simulateScenario } from './simulate.ts';
import { breakerScenario, bulkheadScenario, retryScenario, timeoutScenario } from './single.ts';

/** In the order of the tables. */
export const scenarios: readonly Scenario[] = [
  pipelineScenario,
  signalScenario,
  timeoutScenario,
  retryScenario,
  breakerScenario,
  bulkheadScenario,
  dependencyScenario,
  refusalScenario,
  failureScenario,
  windowScenario,
  pendingScenario,
  expiryScenario,
  idleScenario,
  simulateScenario,
  outageScenario,
  fetchScenario,
  policyScenario,
];
