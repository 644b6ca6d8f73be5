import { seededRandom } from '../runtime/random.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { type RecordingSink, recordingSink } from './recording-sink.ts';
import { TestClock } from './test-clock.ts';

/** A runtime whose time stands still, whose randomness repeats, and whose events are kept. */
export interface TestRuntime extends Runtime {
  readonly clock: TestClock;
  readonly sink: RecordingSink;
}

/**
 * A runtime for tests: see `TestRuntime`.
 *
 * @param seed of the randomness; the same seed gives the same run.
 */
export function testRuntime(seed: number | string = 1): TestRuntime {
  return {
    clock: new TestClock(),
    random: seededRandom(seed),
    // Real async context, so that a test sees what production would.
    context: systemRuntime.context,
    dependency: '',
    // So that a test finds a misspelt option of a call.
    diagnostics: true,
    sink: recordingSink(),
  };
}
