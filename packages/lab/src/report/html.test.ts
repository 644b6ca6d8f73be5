import { describe, expect, it } from 'vitest';
import { NAMES, reportFixture, waitingFixture, wholeFixture } from '../../test/report-fixture.ts';
import { htmlReport, seedsOf } from './html.ts';

/** What a page shows, without its markup. */
const textOf = (page: string) =>
  page
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replace(/[\s\u202f]+/g, ' ');

const keyOf = (plot: string) => textOf(/<p class="key">.*<\/p>/.exec(plot)![0]).trim();

const dataOf = (page: string) =>
  JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)![1]!) as {
    moments: string[];
    readings: string[][][];
  }[];

describe('a report as HTML', () => {
  const report = reportFixture();
  const page = htmlReport(report);
  const text = textOf(page);

  it('says what is seen, each verdict, the seed and the command', () => {
    expect(text).toContain(NAMES.about);
    expect(text).toContain('naive metastable');
    expect(text).toContain('holdfast recovers in 4.2 s');
    expect(text).toContain(`Made by ${report.command} Seed 7`);
    expect(text).toContain('Faults: outage payments, 40 s to 50 s.');
  });

  it('judges every expectation with its value in each lane', () => {
    expect(text).toContain('amplification at payments <= 1.2 ✗ 47.3× ✓ 1.08×');
    expect(text).toContain('goodput at shoppers after >= 95% ✗ 14.2 % ✓ 98.7 %');
    expect(text).toContain('recovers within 10s ✗ not within 10 min ✓ 4.2 s');
    expect(text).toContain('not metastable ✗ metastable ✓ not metastable');
  });

  it('shows every plot that has something in it, with a band, a description and a table', () => {
    const plots = page.match(/<figure class="plot"[\s\S]*?<\/figure>/g)!;
    const titles = plots.map((plot) => /<strong>(.*?)<\/strong>/.exec(plot)![1]);
    expect(new Set(titles)).toEqual(
      new Set([
        'Goodput',
        'Latency, 99th percentile',
        'Amplification',
        'Queue',
        'Busy',
        'Attempts',
        'Breakers not closed',
        'Retry budget in use',
      ]),
    );
    for (const plot of plots) {
      expect(plot).toContain('class="band"');
      expect(plot).toContain('>outage payments</span>');
      expect(plot).toMatch(/role="img" aria-label="[^"]*holdfast: at most before/);
      expect(plot.match(/<tr>/g)!.length).toBeGreaterThan(20);
      expect(plot).not.toMatch(/NaN|undefined|Infinity/);
    }
    // The web's queue is empty throughout: its plot would show nothing.
    expect(titles.filter((title) => title === 'Queue')).toHaveLength(4);
  });

  it('names in a key only the lanes that have a line', () => {
    const plots = page.match(/<figure class="plot"[\s\S]*?<\/figure>/g)!;
    const budget = plots.find((plot) => plot.includes('Retry budget in use'))!;
    const goodput = plots.find((plot) => plot.includes('<strong>Goodput'))!;
    expect(keyOf(budget)).toBe('holdfast');
    expect(keyOf(goodput)).toMatch(/^arrivals +naive +holdfast$/);
  });

  it('marks the worst of the call graph in words', () => {
    const [naive = '', holdfast = ''] = page.match(/<figure class="graph"[\s\S]*?<\/figure>/g)!;
    expect(textOf(naive)).toContain('47× requests, worst');
    // One box and one arrow, though several arrows are as bad.
    expect(naive.match(/requests, worst</g)).toHaveLength(1);
    expect(naive.match(/× worst</g)).toHaveLength(1);
    expect(naive).toContain('node external severe');
    expect(holdfast).not.toContain('severe');
  });

  it('gives the pointer a value of every line at every moment', () => {
    const [scenario] = dataOf(page);
    expect(scenario!.moments).toHaveLength(200);
    expect(scenario!.readings).toHaveLength(page.match(/data-plot/g)!.length - 1);
    for (const lines of scenario!.readings) {
      for (const line of lines) expect(line).toHaveLength(200);
    }
  });

  it('asks nothing of the network', () => {
    expect(page).not.toMatch(
      /\b(src|srcset|action)=|<link|@import|url\(|https?:|fetch\(|\bimport\b/,
    );
    expect([...page.matchAll(/href="(.*?)"/g)].every(([, to]) => to!.startsWith('#'))).toBe(true);
  });

  it('is the same bytes each time', () => {
    expect(htmlReport(reportFixture())).toBe(page);
  });

  it('keeps the colours of the two lanes, whoever else is there', () => {
    const other = htmlReport(reportFixture({ lanes: ['careless', 'holdfast', 'naive'] }));
    expect(other).toContain('<li class="other0"><span class="lane">careless');
    expect(other).toContain('<li class="holdfast"><span class="lane">holdfast');
    expect(other).toContain('<li class="naive"><span class="lane">naive');
  });
});

it('shows several scenarios, seeds and a sweep', () => {
  const text = textOf(htmlReport(wholeFixture()));
  expect(text).toContain('Of 5 seeds: metastable in 4, recovers in 1.');
  expect(text).toContain('goodput at shoppers after 93 % ± 1.2 %');
  // It held with the seed that is drawn.
  expect(text).toContain('goodput at shoppers after >= 95% ✗ 14 % ✗ 92 %');
  expect(text).toContain('Expectations 0 of 1 hold');
  expect(text).toContain('again naive: metastable; holdfast: recovers in 4.2 s');
  expect(text).toContain('users.shoppers.rate');
  // Values go down, as far as there are any, and what is compared goes across.
  expect(text).toContain('160 metastable 21 % recovers 93 %');
});

it('takes no name for a measure', () => {
  const text = textOf(htmlReport(reportFixture({ users: 'metastable-fans' })));
  expect(text).toContain('goodput at metastable-fans after >= 95% ✗ 14.2 % ✓ 98.7 %');
});

const seedsText = (seeds: readonly number[]) => seedsOf({ ...reportFixture(), seeds });

it('says many seeds as ranges', () => {
  expect(seedsText([7])).toBe('7');
  expect(seedsText([7, 8])).toMatch(/^7, 8; plots/);
  expect(seedsText(Array.from({ length: 1000 }, (_, i) => i + 1))).toMatch(/^1 to 1000; plots/);
  expect(seedsText([3, 5, 6, 7, 1, 2])).toMatch(/^3, 5 to 7, 1, 2; .* of seed 3$/);
  // A sweep draws no run.
  expect(seedsOf({ ...reportFixture(), seeds: [7, 8], runs: [] })).toBe('7, 8');
});

it('has a dash for goodput that nobody can know', () => {
  const text = textOf(htmlReport(waitingFixture()));
  expect(text).toContain('Goodput 99.8 % before, 4 % during the fault, – after');
});

it('tells who was shed', () => {
  const text = textOf(htmlReport(reportFixture()));
  expect(text).toContain('service lane critical_plus critical sheddable_plus sheddable');
});

it('makes a page of a sweep alone, and of nothing', () => {
  const bare = { ...wholeFixture(), runs: [], spreads: [], scenarios: [] };
  expect(textOf(htmlReport(bare))).toContain('metastable 21 %');
  expect(htmlReport({ ...bare, sweep: null })).toContain('</html>');
});

it('labels as many faults as there is room for, none of them over another', () => {
  const report = reportFixture();
  const faults = Array.from({ length: 40 }, (_, at) => ({
    kind: 'latency',
    on: 'payments',
    from: 5000 * at,
    to: 5000 * (at + 1),
  }));
  const runs = report.runs.map((run) => ({ ...run, faults }));
  const page = htmlReport({ ...report, runs });
  const [plot = ''] = /<figure class="plot"[\s\S]*?<\/figure>/.exec(page)!;
  expect(plot.match(/class="band"/g)).toHaveLength(40);
  const labels = [...plot.matchAll(/left:([\d.]+)%;max-width:[\d.]+%;--row:(\d)/g)];
  const places = labels.map(([, left, row]) => ({ left: Number(left), row: Number(row) }));
  expect(places.length).toBeGreaterThan(3);
  const gaps = places.flatMap(({ left, row }, at) => {
    const next = places.slice(at + 1).find((other) => other.row === row);
    return next === undefined ? [] : [next.left - left];
  });
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(34);
});

it('thins a long run to what a screen can show, and keeps its peaks', () => {
  const report = reportFixture();
  const run = report.runs[0]!;
  const service = run.services[4]!;
  const queue = Array.from({ length: 5000 }, (_, at) => (at === 3333 ? 777 : 1));
  const long = {
    ...run,
    step: 40,
    services: [{ ...service, series: { ...service.series, queue } }],
    users: [],
    edges: [],
  };
  const [scenario] = dataOf(htmlReport({ ...report, runs: [long] }));
  const readings = scenario!.readings
    .map((lines) => lines[0]!)
    .find((line) => line.includes('777'))!;
  expect(readings.length).toBeLessThanOrEqual(240);
  expect(scenario!.moments).toHaveLength(readings.length);
});

describe('names from a hostile file', () => {
  const evil = `</script><script>alert(1)</script><img src=x onerror="alert(2)">'"&\u202e\u0000`;
  const names = {
    fleet: evil,
    scenario: `s ${evil}`,
    about: `a ${evil}`,
    users: `u ${evil}`,
    services: [1, 2, 3, 4, 5].map((index) => `${evil}${index}`) as never,
    lanes: [`l ${evil}`, '__proto__'],
  };
  const page = htmlReport(reportFixture(names));

  it('become text, and neither elements nor attributes', () => {
    const plain = htmlReport(reportFixture({ lanes: ['one', 'two'] }));
    for (const tag of ['script', 'img', 'figure', 'section', 'svg', 'li']) {
      const count = (of: string) => of.match(new RegExp(`<${tag}\\b`, 'g'))?.length ?? 0;
      expect(`${count(page)} ${tag}`).toBe(`${count(plain)} ${tag}`);
    }
    expect(page).not.toMatch(/<[^>]*\sonerror="/);
    expect(page).not.toContain('\u0000');
    expect(page).not.toContain('\u202e');
  });

  it('leave the data readable', () => {
    expect(dataOf(page)[0]!.moments).toHaveLength(200);
  });
});
