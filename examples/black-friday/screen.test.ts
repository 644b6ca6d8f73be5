import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { intro } from './intro.ts';
import { judge } from './judge.ts';
import { figuresOf, type LaneRecord, type Recording } from './measure.ts';
import { arrivalsOf, lengthOf, planOf } from './plan.ts';
import { scorecard } from './scorecard.ts';
import { logLine, picture } from './screen.ts';
import { count, type Paint, percent, time, wrap } from './style.ts';

const plan = planOf(1, 10);
const arrivals = arrivalsOf(plan);
const plain: Paint = (_, text) => text;

function recordingUntil(elapsed: number, breaker = 'closed'): Recording {
  const lane = (): LaneRecord => ({
    samples: arrivals.filter((at) => at < elapsed - 50).map((at) => [at, 50, at < 3000]),
    attempts: plan.phases.map(() => 1),
    caught: 0,
    doubled: 0,
    inFlight: 4,
    breaker,
  });
  const lanes = { naive: lane(), holdfast: lane() };
  return { plan, arrivals, lanes, lateness: 1, stalls: {} };
}

describe('the picture', () => {
  test.each([
    [80, 0],
    [80, 4000],
    [120, 16_499],
    [300, 18_000],
  ])('fits a terminal of %i columns at %i ms, in as many lines as always', (width, elapsed) => {
    const recording = recordingUntil(elapsed, 'half-open');
    const lines = picture({ recording, elapsed, width }, plain);
    expect(lines).toHaveLength(10);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(Math.min(width, 121));
    expect(lines.join('\n')).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('has each lane’s goodput up to now under the schedule, full bars and then empty ones', () => {
    const recording = recordingUntil(6000);
    const lines = picture({ recording, elapsed: 6000, width: 100 }, plain);
    expect(lines[0]).toMatch(/^ {12}healthy +slow +down +back +after/);
    expect(lines[1]).toMatch(/^ {2}provider {2}━+─+$/);
    expect(lines[2]).toMatch(/^ {2}naive {5}█{14,}.?▁{13,}$/);
    expect(lines.at(-1)).toContain('6.0 s of 17 s, the provider is healthy');
  });

  test('keeps the names of short phases apart', () => {
    const recording = recordingUntil(0);
    const [names] = picture({ recording, elapsed: 0, width: 40 }, plain);
    expect(names!.trim().split(/ +/)).toEqual(['healthy', 'slow', 'down', 'back', 'after']);
  });

  test('is one line in a log', () => {
    const line = logLine(recordingUntil(2000), 2000);
    expect(line).toMatch(/^ 2\.0 s {2}healthy {3}naive \d+\/s, p99 50 ms, .*holdfast/);
  });
});

test('The introduction shows the seed first, and the code of both lanes as it is', () => {
  const text = intro(planOf(42, 10), plain);
  expect(text.split('\n')[0]).toBe('seed 42');
  expect(text).toContain('await fetch(url,');
  expect(text).toContain("dependency('payments', { ...options, protocol: 'http' })");
  expect(text).toContain('10 times faster');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('Neither lane is more than 15 lines', () => {
  const blocks = intro(plan, plain).split(/naive, as most|holdfast, as it|payments, from/);
  for (const block of blocks.slice(1, 3)) {
    expect(block.trim().split('\n').length - 2).toBeLessThanOrEqual(15);
  }
});

test('The scorecard fits 80 columns and marks what does not hold', () => {
  const figures = figuresOf(recordingUntil(lengthOf(plan) + 100));
  const lines = scorecard(figures, judge(figures), plain).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
  expect(lines.filter((line) => line.includes('✗')).length).toBeGreaterThan(0);
  expect(lines.join('\n')).toMatch(/promises do not hold/);
});

test('Figures read well', () => {
  expect([time(7.6), time(999.4), time(999.6), time(9949), time(9950), time(NaN)]).toEqual([
    '8 ms',
    '999 ms',
    '1.0 s',
    '9.9 s',
    '10 s',
    '–',
  ]);
  expect([percent(0.9999), percent(1), percent(NaN), count(12_345)]).toEqual([
    '99 %',
    '100 %',
    '–',
    '12,345',
  ]);
  expect(stripVTControlCharacters(wrap('aa bb cc', 5, '  '))).toBe('aa bb\n  cc');
});
