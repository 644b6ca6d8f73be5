import { expect, it } from 'vitest';
import { reportFixture } from '../../test/report-fixture.ts';
import { htmlReport } from './html.ts';

const fixture = reportFixture();

/** The page of a scenario of such a length. */
const pageOf = (duration: number) =>
  htmlReport({ ...fixture, runs: fixture.runs.map((run) => ({ ...run, duration })) });

const axisOf = (duration: number) => {
  const [, axis] = /<div class="x"[^>]*>(.*)<\/div>/.exec(pageOf(duration))!;
  return axis!.split(/<[^>]*>/).filter((text) => text !== '');
};

it('has one unit along the axis of time, in which its steps are short', () => {
  expect(axisOf(300)).toEqual(['0 ms', '50 ms', '100 ms', '150 ms', '200 ms', '250 ms', '300 ms']);
  expect(axisOf(1000)).toEqual(['0 s', '0.2 s', '0.4 s', '0.6 s', '0.8 s', '1 s']);
  expect(axisOf(90_000)).toEqual(['0 s', '20 s', '40 s', '60 s', '80 s']);
  expect(axisOf(540_000)).toEqual(['0 min', '2 min', '4 min', '6 min', '8 min']);
  expect(axisOf(86_400_000)).toEqual(['0 h', '6 h', '12 h', '18 h', '24 h']);
});

it('shows a point with nothing on either side as a dot', () => {
  const runs = fixture.runs.map((run) => ({
    ...run,
    users: run.users.map((users) => {
      const p99 = users.series.p99.map((value, at) => (at === 5 ? 30 : null));
      return { ...users, series: { ...users.series, p99 } };
    }),
  }));
  const page = htmlReport({ ...fixture, runs });
  const latency = page.slice(page.indexOf('Latency, 99th percentile'));
  expect(latency).toMatch(/<path class="\w+ main dots" d="M\d+ \d+h0"\/>/);
  expect(htmlReport(fixture)).not.toContain('dots" d=');
});

it.each([
  ['payments-gateway', 'payments-gateway'],
  ['recommendations-eu', 'recommen…ions-eu'],
  ['ORDER-MANAGEMENT', 'ORDER-M…GEMENT'],
  ['WWWWWWWWWWWWWWWWW', 'WWWWW…WWWW'],
])('writes the name of %s with its end, where there is room', (name, written) => {
  const graph = { ...fixture.graph, users: [name] };
  const [, shown] = /<text class="name"[^>]*>([^<]*)/.exec(htmlReport({ ...fixture, graph }))!;
  expect(shown).toBe(written);
});
