import { expect, it } from 'vitest';
import { reportFixture, waitingFixture, wholeFixture } from '../../test/report-fixture.ts';
import { markdownReport } from './markdown.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

it('says in tables what the page says', () => {
  const text = plain(markdownReport(reportFixture()));
  expect(text).toContain('# shop: simulation\n\nSeed: 7\n\n```sh\nholdfast simulate');
  expect(text).toContain(
    '| naive | metastable | 99.8 % before, 4 % during the fault, 14.2 % after',
  );
  expect(text).toContain('| goodput at shoppers after &gt;= 95% | ✗ 14.2 % | ✓ 98.7 % |');
  expect(text).toContain('| shoppers | holdfast | during the fault | 1000 | 4 % |');
  expect(text).toContain('| payments | naive | during the fault | 47 000 | 47× |');
});

it('speaks of a fault only where there is one', () => {
  const report = reportFixture();
  const calm = { ...report, runs: report.runs.map((run) => ({ ...run, faults: [] })) };
  expect(markdownReport(report)).toContain('<summary>Figures before, during and after the fault<');
  expect(markdownReport(calm)).toContain('<summary>Figures<');
});

it('has a dash for goodput that nobody can know', () => {
  const text = plain(markdownReport(waitingFixture()));
  expect(text).toContain('| naive | metastable | 99.8 % before, 4 % during the fault, – after');
  expect(text).toMatch(/^\| shoppers \| naive \| after \| \d[^|]* \| – \|/m);
});

it('says how long at least who is never answered waits', () => {
  const text = plain(markdownReport(reportFixture()));
  expect(text).toMatch(
    /^\| \S+ &gt; payments \| naive \| during the fault .*\| 320 ms \| ≥ 780 ms \| ≥ 1.02 s \|$/m,
  );
});

it('does not say that there was nothing to measure where nobody was answered', () => {
  const report = reportFixture();
  const unknown = { text: 'p99 <= 1s', bound: 1000, is: '<=', value: null } as const;
  const expectations = [{ ...unknown, endless: false, holds: false }];
  const text = plain(
    markdownReport({ ...report, runs: report.runs.map((run) => ({ ...run, expectations })) }),
  );
  expect(text).toContain('| p99 &lt;= 1s | ✗ could not be evaluated | ✗ could not be evaluated |');
});

it('has the seeds and the sweep', () => {
  const text = plain(markdownReport(wholeFixture()));
  expect(text).toContain('metastable. Of 5 seeds: metastable in 4, recovers in 1.');
  expect(text).toContain('| goodput at shoppers after | 93 % ± 1.2 % | 93 % ± 1.2 % |');
  expect(text).toContain('| recovery at shoppers | 40 s (1 of 5) | – |');
  expect(text).toContain('| goodput at shoppers after &gt;= 95% | ✗ 14 % | ✗ 92 % |');
  expect(text).toContain('## Sweep of users.shoppers.rate');
  expect(text).toMatch(/^\| 160 \| metastable, 21 % \| recovers, 93 % \|$/m);
});

it('is made of tables whose rows have as many cells as their heads', () => {
  const lines = markdownReport(wholeFixture()).split('\n');
  let columns = 0;
  for (const [at, line] of lines.entries()) {
    if (!line.startsWith('|')) continue;
    const cells = line.split(/(?<!\\)\|/).length;
    if (!lines[at - 1]!.startsWith('|')) columns = cells;
    expect({ line, cells }).toEqual({ line, cells: columns });
  }
  expect(columns).toBeGreaterThan(0);
});

it('lets no name become markup, a mention or a column', () => {
  const evil = '</details><b>x</b> | [a](http://e.example) ![i](u) @everyone `c`\n# head';
  const text = markdownReport(
    reportFixture({ fleet: evil, users: evil, lanes: [evil], about: evil }),
  );
  const outside = text.replace(/```[\s\S]*?```/g, '');
  expect(outside).not.toMatch(/<b>|(?<!\\)\[a\]|@everyone|(?<!\\)`|http:\/\/|^# head/m);
  expect(outside.match(/<\/details>/g)).toHaveLength(1);
});

it('fences the command more strongly than the command can', () => {
  const report = { ...reportFixture(), command: 'holdfast ```\n# out' };
  expect(markdownReport(report)).toContain('````sh\nholdfast ```\n# out\n````');
});
