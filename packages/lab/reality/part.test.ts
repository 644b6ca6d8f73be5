import { expect, test } from 'vitest';
import { RunTime, sharedNow, watchLoop } from './part.ts';
import type { Timeline } from '../src/simulate/timeline.ts';

test('a loop that stood still is seen, in its phase', async () => {
  const time = new RunTime(sharedNow());
  const phases: Timeline['phases'] = [
    { name: 'before', from: 0, to: 30 },
    { name: 'fault', from: 30, to: 300 },
  ];
  const watched = watchLoop(time, { phases } as Timeline);
  await time.until(60);
  const until = sharedNow() + 200;
  while (sharedNow() < until);
  const [before, fault] = await watched;
  expect(before).toBeGreaterThanOrEqual(0);
  expect(fault).toBeGreaterThan(150);
});

test('a moment is waited for to within a millisecond, and one that is over is not', async () => {
  const time = new RunTime(sharedNow());
  await time.until(20.5);
  expect(time.now()).toBeGreaterThan(19.5);
  await time.until(-Infinity);
});
