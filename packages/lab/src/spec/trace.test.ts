import { describe, expect, test } from 'vitest';
import { MAX_MOMENTS, parseTrace } from './trace.ts';

const moments = (...lines: string[]) => {
  const parsed = parseTrace(lines.join('\n'));
  expect(parsed.problems).toEqual([]);
  return parsed.moments;
};

/** `2 must be ...`: the line and what is wrong with it. */
const wrong = (...lines: string[]) =>
  parseTrace(lines.join('\n')).problems.map(({ line, message }) => `${line} ${message}`);

describe('a trace', () => {
  test('has offsets, as milliseconds or as durations', () => {
    expect(moments('0', '12.5', '250ms', '1.5s', '2m', '1h')).toEqual([
      0, 12.5, 250, 1500, 120_000, 3_600_000,
    ]);
  });

  test('has times, of which the first is the start', () => {
    expect(
      moments(
        '2028-02-28T23:59:59.750Z',
        '2028-02-28T23:59:59.7505Z',
        '2028-02-29 00:00:00',
        '2028-02-29T01:00:01+01:00',
        '2028-02-28T20:30:02-0330',
      ).map((at) => Math.round(at * 1e3) / 1e3),
    ).toEqual([0, 0.5, 250, 1250, 2250]);
  });

  test('may have a header, empty lines, further columns and quotes', () => {
    expect(moments('\uFEFF"offset",path'.slice(1), '', '"5ms",/a', '7;/b\r', '9\t/c', '')).toEqual([
      5, 7, 9,
    ]);
  });

  test('may end without a line’s end, or with one', () => {
    expect(moments('1', '2')).toEqual([1, 2]);
    expect(moments('1', '2', '')).toEqual([1, 2]);
  });

  test.each([
    ['a word', ['5', 'soon'], '2 must begin with a moment', 'got "soon"'],
    ['a second header', ['at', 'ms', '5'], '2 must begin with a moment', 'got "ms"'],
    ['a unit that there is not', ['5 ms'], '1 must begin with a moment', 'got "5 ms"'],
    ['a day that there is not', ['2027-02-29T00:00:00Z'], '1 must begin with a moment', ''],
    ['an hour that there is not', ['2027-02-28T24:00:00Z'], '1 must begin with a moment', ''],
    ['a negative offset', ['-5'], '1 must begin with a moment', 'got "-5"'],
    ['no order', ['5', '7', '', '6'], '4 must not be earlier than the moment before', 'sort'],
    [
      'both',
      ['5', '2027-02-28T00:00:00Z'],
      '2 must be of the same kind as the lines before',
      'offsets',
    ],
    [
      'both again',
      ['2027-02-28T00:00:00Z', '5'],
      '2 must be of the same kind as the lines before',
      'times',
    ],
    ['too far away', ['0', '25h'], '2 must be at most 24h after the start', ''],
    ['nothing', [''], '1 must have a moment', 'it has none'],
    ['nothing but a header', ['at'], '1 must have a moment', 'it has none'],
  ])('with %s is wrong, and says in which line', (_, lines, message, more) => {
    const [first = '', ...rest] = wrong(...lines);
    expect(first).toContain(message);
    expect(first).toContain(more);
    expect(rest).toEqual([]);
  });

  test('that is another kind of file is told by its first lines', () => {
    expect(wrong(...Array.from({ length: 1000 }, () => '<p>'))).toHaveLength(5);
  });

  test('has a bound', () => {
    const full = '1\n'.repeat(MAX_MOMENTS);
    expect(parseTrace(full).moments).toHaveLength(MAX_MOMENTS);
    expect(parseTrace(full).problems).toEqual([]);
    expect(wrong(`${full}1`)).toEqual([
      `${MAX_MOMENTS + 1} is one too many: a trace has at most ${MAX_MOMENTS}`,
    ]);
  });
});
