import { expect, test } from 'vitest';
import { systemRuntime, TimerNode } from 'holdfast';

class Alarm extends TimerNode {
  readonly #onExpire: () => void;

  constructor(onExpire: () => void) {
    super();
    this.#onExpire = onExpire;
  }

  expire(): void {
    this.#onExpire();
  }
}

test('A timer that came due while another one ran is not asked of Node with a negative delay', async () => {
  const { clock } = systemRuntime;
  const warnings: Error[] = [];
  const listener = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listener);
  await new Promise<void>((done) => {
    const start = clock.now();
    clock.start(new Alarm(done), 15);
    const slow = new Alarm(() => {
      while (clock.now() < start + 40);
    });
    clock.start(slow, 5);
  });
  await new Promise((turn) => setImmediate(turn)); // warnings are told in the next turn
  process.off('warning', listener);
  expect(warnings).toEqual([]);
});
