import { expect, test } from 'vitest';
import { withRuntime } from '../../packages/holdfast/src/client/with-runtime.ts';
import { TestClock, testRuntime } from '../../packages/holdfast/src/testing/index.ts';

/** Like the system's clock with no timer armed: nothing refreshes its last reading. */
class ForgetfulClock extends TestClock {
  #recent = 0;

  override now(): number {
    return (this.#recent = super.now());
  }

  override recent(): number {
    return this.#recent;
  }
}

test('a breaker that stands alone sees that a call was slow', async () => {
  const clock = new ForgetfulClock();
  const { circuitBreaker, pipeline } = withRuntime({ ...testRuntime(), clock, sink: null });
  const breaker = circuitBreaker({ slowCallDuration: '2s', minimumCalls: 1 });
  await pipeline(breaker).call(async () => clock.advance(3000));
  expect(breaker.state).toBe('open');
});
