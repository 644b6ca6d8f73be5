import { describe, expect, it } from 'vitest';
import { reportFixture, waitingFixture, wholeFixture } from '../../test/report-fixture.ts';
import { type Output, progressBar } from './progress.ts';
import { faultMarks, sparkline } from './sparkline.ts';
import { summary } from './summary.ts';
import { table, wrapped } from './text-table.ts';

const mark = (from: number, to: number) => faultMarks([{ kind: 'x', on: 'y', from, to }], 100, 10);

describe('a sparkline', () => {
  it('goes from nothing to the top', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, 7)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([0, 0], 2, 0)).toBe('▁▁');
    expect(sparkline([99], 1, 7)).toBe('█');
  });

  it('takes the mean where there are more points than columns', () => {
    expect(sparkline([0, 7, 7, 7, 0, 0], 3, 7)).toBe('▅█▁');
  });

  it('is empty where nothing is known', () => {
    expect(sparkline([7, 7, null, 7, null, null], 3, 7)).toBe('██');
    expect(sparkline([null, 7], 2, 7)).toBe(' █');
  });

  it('has its faults marked below, at least one column each', () => {
    expect(mark(20, 50)).toBe('  ▔▔▔');
    expect(mark(20, 20)).toBe('  ▔');
    expect(mark(100, 100)).toBe(`${' '.repeat(9)}▔`);
    expect(faultMarks([], 100, 10)).toBe('');
  });
});

describe('a table', () => {
  it('stands its columns one below the other, also where cells are painted', () => {
    const painted = { text: 'ok', painted: '\u001b[32mok\u001b[39m' };
    const lines = table(
      ['lane', 'n', 'verdict'],
      [
        ['a', '1', painted],
        ['bcdef', '10', 'x'],
      ],
      {
        left: [0, 2],
      },
    ).split('\n');
    expect(lines).toEqual([
      'lane    n  verdict',
      '──────────────────',
      'a       1  \u001b[32mok\u001b[39m',
      'bcdef  10  x',
    ]);
  });
});

describe('a long text', () => {
  it('is broken between words', () => {
    expect(wrapped('one two three incomprehensibilities x', 9)).toBe(
      'one two\nthree\nincomprehensibilities\nx',
    );
  });

  it('is not broken before a unit, inside of an edge, nor inside of code', () => {
    expect(wrapped('the default is 4 s.', 16)).toBe('the default is\n4 s.');
    expect(wrapped('at 83 % load', 5)).toBe('at\n83 %\nload');
    expect(wrapped('switch those of web > stock: off', 22)).toBe(
      'switch those of\nweb > stock: off',
    );
    expect(wrapped('a budget (`budget: { ratio: 0.1 }`).', 30)).toBe(
      'a budget\n(`budget: { ratio: 0.1 }`).',
    );
  });

  it('has a path of several edges broken behind a service', () => {
    expect(wrapped('at worst a > b > c', 17)).toBe('at worst a > b >\nc');
    expect(wrapped('at worst a > b > c', 15)).toBe('at worst a >\nb > c');
  });

  it('is broken there too, where the line is too short for the whole', () => {
    expect(wrapped('set `a: { b: 1 }`', 8)).toBe('set `a:\n{ b: 1\n}`');
    expect(wrapped('web > checkout', 10)).toBe('web >\ncheckout');
    expect(wrapped('an odd ` is a word', 8)).toBe('an odd `\nis a\nword');
  });
});

const plain = { colours: false, columns: 100 };

describe('a summary', () => {
  const report = {
    fleet: 'shop',
    command: '',
    seeds: [1],
    graph: { users: [], services: [], edges: [] },
    scenarios: [],
    runs: [],
    spreads: [],
    sweep: {
      parameter: 'users.shoppers.rate',
      values: [1],
      labels: ['1'],
      rows: [
        {
          scenario: 'outage',
          lane: 'naive',
          cells: [{ verdict: { kind: 'metastable', after: null }, goodput: 0.125 }],
        },
      ],
    },
  } as const;

  it('is coloured only if asked', () => {
    expect(summary(report, [], { colours: true, columns: 100 })).toContain(
      '\u001b[31mmetastable\u001b[39m, 12.5 %',
    );
    expect(summary(report, [], plain)).toContain('metastable, 12.5 %');
    expect(summary(report, [], plain)).not.toContain('\u001b');
  });

  it('has marks of faults below the plots, also of lanes with short names', () => {
    const fixture = reportFixture();
    const runs = fixture.runs.map((run) => ({ ...run, lane: run.lane.slice(0, 1) }));
    const lines = summary({ ...fixture, runs }, [], plain).split('\n');
    const [plot, marks] = ['n ', 'fault'].map((name) =>
      lines.findLast((line) => line.startsWith(name))!,
    );
    expect(plot).toMatch(/^n {6}[▁-█]/);
    expect(marks).toMatch(/^fault {3,}▔+$/);
    const { from, duration } = { ...fixture.runs[0]!, ...fixture.runs[0]!.faults[0]! };
    expect((marks!.indexOf('▔') - 7) / (plot!.length - 7)).toBeCloseTo(from / duration, 1);
  });

  it('has a dash for goodput that nobody can know', () => {
    const text = summary(waitingFixture(), [], plain);
    expect(text).toMatch(/^naive +99.8 % +4 % +– /m);
  });

  it('says how long at least who is never answered waits', () => {
    const fixture = reportFixture();
    const p99 = (time: number | null, least: number | null): string => {
      const runs = fixture.runs.map((run) => ({
        ...run,
        users: run.users.map(({ total, ...one }) => {
          const atLeast = { ...total.atLeast, p99: least };
          return { ...one, total: { ...total, p99: time, atLeast } };
        }),
      }));
      const lines = summary({ ...fixture, runs }, [], { colours: false, columns: 200 }).split('\n');
      const at = lines.find((line) => line.startsWith('lane'))!.indexOf('p99') + 3;
      return /\S+( \S+)*$/.exec(lines.find((line) => line.startsWith('naive'))!.slice(0, at))![0];
    };
    expect(p99(340, 340)).toMatch(/(^| )340 ms$/);
    expect(p99(null, 30_000)).toMatch(/≥ 30 s$/);
    expect(p99(null, null)).toMatch(/–$/);
  });

  it('says of how many seeds a mean is, if not of all', () => {
    const whole = { ...wholeFixture(), sweep: null };
    const text = summary(whole, [], plain);
    expect(text).toMatch(/^goodput at shoppers after +93 % ± 1.2 % +93 % ± 1.2 %$/m);
    expect(text).toMatch(/^recovery at shoppers +40 s \(1 of 5\) +–$/m);
  });

  it('says of which seed the table and the plots are where there are several', () => {
    const text = summary({ ...wholeFixture(), sweep: null }, [], plain);
    expect(text).toMatch(/^with seed 7\nlane /m);
    expect(text).toMatch(/^goodput with seed 7 from 0 to 3 min 20 s, at most /m);
    expect(summary(reportFixture(), [], plain)).not.toContain('with seed');
  });

  it('says of a recovery that did not come that it takes longer, not how long', () => {
    const promise = { name: 'payments-outage: recovers within 10s', value: 60_000, bound: 10_000 };
    const line = (endless: boolean) =>
      summary(reportFixture(), [{ ...promise, endless, holds: false }], plain)
        .trimEnd()
        .split('\n')
        .at(-1);
    expect(line(true)).toBe('✗ recovers within 10s: it is more than 60 s');
    expect(line(false)).toBe('✗ recovers within 10s: it is 60 s');
  });

  it('says the same of a time that was to be long, and is', () => {
    const promise = { name: 'payments-outage: p99 >= 1s', value: 60_000, bound: 1000 };
    const told = { ...promise, endless: true, holds: true };
    const printed = summary(reportFixture(), [told], plain);
    expect(printed.trimEnd().split('\n').at(-1)).toBe('✓ p99 >= 1s (more than 60 s)');
  });

  it.each([
    ['not metastable', 0, '✓ not metastable'],
    ['not metastable', 1, '✗ not metastable: it is metastable'],
    ['metastable = 0', 0, '✓ metastable = 0 (not metastable)'],
    ['duplicates = 0', 0, '✓ duplicates = 0 (0)'],
  ])('says what was found, in words where a number says little: %s, %d', (text, value, line) => {
    const name = `payments-outage: ${text}`;
    const promise = { name, value, bound: 0, endless: false, holds: value === 0 };
    const printed = summary(reportFixture(), [promise], plain);
    expect(printed.trimEnd().split('\n').at(-1)).toBe(line);
  });
});

const stream = (isTTY: boolean, columns?: number) => {
  const written: string[] = [];
  const size = columns === undefined ? {} : { columns };
  const output: Output = { isTTY, ...size, write: (text) => written.push(text) };
  return { written, output };
};

describe('a progress bar', () => {
  it('is one line where there is no terminal', () => {
    const { written, output } = stream(false);
    const bar = progressBar(output, '4 runs');
    bar.show(0.5);
    bar.end();
    expect(written).toEqual(['simulating 4 runs\n']);
  });

  it('is drawn again only when it has changed, and is taken away', () => {
    const { written, output } = stream(true);
    const bar = progressBar(output, '4 runs');
    bar.show(0.5);
    bar.show(0.5001);
    bar.end();
    expect(written).toHaveLength(2);
    expect(written[0]).toContain(`${'█'.repeat(20)}${'░'.repeat(20)}  50 % of 4 runs`);
    expect(written[1]).toBe('\r\u001b[2K');
  });

  it('stays in one line of a narrow terminal', () => {
    const { written, output } = stream(true, 40);
    progressBar(output, '4 runs').show(0.5);
    expect(written).toEqual([`\r\u001b[2K${'█'.repeat(12)}${'░'.repeat(11)}  50 % of 4 runs`]);
    const tiny = stream(true, 10);
    progressBar(tiny.output, '4 runs').show(0.5);
    expect(tiny.written).toEqual(['\r\u001b[2K  50 % of 4 runs']);
  });
});
