import { expect, test } from 'vitest';
import { exitCode, none, notJudged, tableOf, within } from './checks.ts';

const holds = within('kept', 1, [0, 2]);
const broken = none('broken', ['key-1']);
const unjudged = notJudged('not tried', 'there was no room');

test('the exit code is 0 when all hold, 1 when one does not, else 2 when one could not be judged', () => {
  expect(exitCode([holds])).toBe(0);
  expect(exitCode([holds, unjudged])).toBe(2);
  expect(exitCode([unjudged, broken])).toBe(1);
  expect(exitCode([])).toBe(2);
});

test('what is not a number is within no bound', () => {
  expect(within('nothing', NaN, [null, null]).holds).toBe(false);
  expect(within('too much', -Infinity, [0, null]).holds).toBe(false);
});

test('a person reads which promise is broken, and by what', () => {
  expect(tableOf([holds, broken, unjudged])).toBe(
    [
      '  kept       1  0 .. 2  holds',
      '  broken     1  0 .. 0  DOES NOT HOLD: key-1',
      '  not tried  0   ..     could not be judged: there was no room',
      '',
    ].join('\n'),
  );
});

test('a task that knows one reason for all its doubts says it once', () => {
  const unclear = { ...within('unclear', 1.234_567, [1, null]), holds: null };
  expect(tableOf([unclear, unjudged], 'the runs differ too much')).toBe(
    [
      '  unclear    1.2346  1 ..   could not be judged: the runs differ too much',
      '  not tried  0        ..    could not be judged: there was no room',
      '',
    ].join('\n'),
  );
});
