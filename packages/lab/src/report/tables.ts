import { CRITICALITIES } from 'holdfast/spec';
import type {
  JudgedExpectation,
  LeastTimes,
  Phase,
  RunResult,
  UserFigures,
} from '../simulate/result.ts';
import type { Sweep } from '../simulate/sweep.ts';
import { type Unit, time, unitOf, written, writtenTime } from './numbers.ts';
import { type ScenarioView, distinct } from './view.ts';
import { metastabilityText, someOf, verdictText } from './words.ts';

/** A table of a report, whether it becomes HTML or Markdown. Nothing in it is escaped. */
export interface Table {
  readonly caption: string;
  /** Names of the columns; the first `heads` of them say what a row is of. */
  readonly columns: readonly string[];
  readonly heads: number;
  readonly rows: readonly (readonly string[])[];
}

/** One column of figures. */
interface Column<T> {
  readonly name: string;
  readonly unit: Unit;
  readonly of: (figures: T) => number | null;
  /** What a time comes to at least, which may have no end. */
  readonly least?: (figures: T) => number | null;
}

/** How long answers took; who was never answered took at least so long. */
const TIMES: readonly Column<Pick<UserFigures, keyof LeastTimes | 'atLeast'>>[] = (
  ['p50', 'p95', 'p99'] as const
).map((name) => ({
  name,
  unit: 'ms',
  of: (one) => one[name],
  least: ({ atLeast }) => atLeast[name],
}));

/** Figures before, during and after the fault, for each lane. */
export function figureTables(view: ScenarioView): Table[] {
  const tables = [
    figures(view, 'Users', (run) => run.users.map((one) => [one.name, one.byPhase]), [
      { name: 'arrivals', unit: 'count', of: (one) => one.arrivals },
      { name: 'goodput', unit: 'share', of: (one) => one.goodput },
      ...TIMES,
    ]),
    figures(view, 'Services', (run) => run.services.map((one) => [one.name, one.byPhase]), [
      { name: 'requests', unit: 'count', of: (one) => one.arrivals },
      { name: 'amplification', unit: 'ratio', of: (one) => one.amplification },
      { name: 'utilisation', unit: 'share', of: (one) => one.utilisation },
      { name: 'queue', unit: 'count', of: (one) => one.queue },
      { name: 'longest queue', unit: 'count', of: (one) => one.queueMax },
      { name: 'rejected', unit: 'count', of: (one) => one.rejected },
      { name: 'work in vain', unit: 'share', of: (one) => one.wasted },
      { name: 'duplicates', unit: 'count', of: (one) => one.duplicates },
      { name: 'kept by a key', unit: 'count', of: (one) => one.recognised },
    ]),
    rejectedTable(view),
    figures(view, 'Edges', (run) => run.edges.map((one) => [one.id, one.byPhase]), [
      { name: 'calls', unit: 'count', of: (one) => one.calls },
      { name: 'attempts', unit: 'count', of: (one) => one.attempts },
      { name: 'attempts a call', unit: 'ratio', of: (one) => one.attemptsPerCall },
      { name: 'failed', unit: 'count', of: (one) => one.failures },
      { name: 'refused unsent', unit: 'count', of: (one) => one.refused },
      ...TIMES,
    ]),
    verdictsTable(view),
  ];
  return tables.filter((table) => table.rows.length > 0);
}

/** ✓ or ✗, what was measured (of several seeds the worst) and what it had to be; one column a lane. */
export function expectationsTable(view: ScenarioView): Table {
  const texts = distinct(
    view.lanes.flatMap(({ expectations }) => expectations.map((one) => one.text)),
  );
  return {
    caption: 'Expectations',
    columns: ['expectation', ...view.lanes.map((lane) => lane.name)],
    heads: 1,
    rows: texts.map((text) => [
      text,
      ...view.lanes.map(({ expectations }) => {
        const judged = expectations.find((one) => one.text === text);
        return judged === undefined ? '' : judgedText(judged);
      }),
    ]),
  };
}

/** All seeds' means and confidence intervals; null with a single seed. */
export function seedsTable(view: ScenarioView): Table | null {
  const spreads = view.lanes.map((lane) => lane.spread);
  const names = distinct(spreads.flatMap((one) => one?.figures.map((each) => each.name) ?? []));
  if (names.length === 0) return null;
  return {
    caption: 'Over all seeds: the mean, and the half width of its 95 % confidence interval',
    columns: ['figure', ...view.lanes.map((lane) => lane.name)],
    heads: 1,
    rows: names.map((name) => [
      name,
      ...spreads.map((spread) => {
        const found = spread?.figures.find((each) => each.name === name);
        if (found === undefined) return written(null, 'count');
        const unit = unitOf(name);
        const half = found.half === null ? '' : ` ± ${written(found.half, unit)}`;
        return `${written(found.mean, unit)}${half}${someOf(found, spread!.seeds.length)}`;
      }),
    ]),
  };
}

/** Verdicts and goodput over a parameter's values. */
export function sweepTable(sweep: Sweep): Table {
  return {
    caption: `Verdict and goodput for each value of ${sweep.parameter}`,
    columns: [sweep.parameter, ...sweep.rows.map(({ scenario, lane }) => `${scenario}, ${lane}`)],
    heads: 1,
    rows: sweep.labels.map((label, at) => [
      label,
      ...sweep.rows.map(({ cells }) => {
        const { verdict, goodput } = cells[at]!;
        return `${verdictText(verdict)}, ${written(goodput, 'share')}`;
      }),
    ]),
  };
}

/** The faults in words, with their times. */
export function faultsText(view: ScenarioView): string {
  return view.faults
    .map(({ kind, on, from, to }) => {
      // A cache is flushed in a moment.
      if (to === from) return `${kind} ${on}, at ${time(from)}`;
      const until = to >= view.duration ? 'the end' : time(to);
      return `${kind} ${on}, ${time(from)} to ${until}`;
    })
    .join('; ');
}

function judgedText(judged: JudgedExpectation): string {
  const mark = judged.holds ? '✓' : '✗';
  if (judged.value === null) return `${mark} could not be evaluated`;
  const metastability = metastabilityText(judged.text, judged.value);
  if (metastability !== null) return `${mark} ${metastability}`;
  const value = written(judged.value, unitOf(judged.text));
  return `${mark} ${judged.endless ? `not within ${value}` : value}`;
}

function figures<T>(
  view: ScenarioView,
  caption: string,
  pick: (run: RunResult) => (readonly [string, Readonly<Record<string, T>>])[],
  columns: readonly Column<T>[],
): Table {
  const found = view.lanes.map((lane) => ({ lane: lane.name, of: new Map(pick(lane.run)) }));
  const names = distinct(found.flatMap(({ of }) => [...of.keys()]));
  const rows = names.flatMap((name) =>
    found.flatMap(({ lane, of }) =>
      view.phases.flatMap((phase): string[][] => {
        const one = of.get(name)?.[phase.name];
        if (one === undefined) return [];
        const cells = columns.map(({ unit, of: value, least }) =>
          least === undefined ? written(value(one), unit) : writtenTime(value(one), least(one)),
        );
        return [[name, lane, phaseText(phase), ...cells]];
      }),
    ),
  );
  const heads = [
    caption
      .slice(0, -1)
      .toLowerCase()
      .replace(/^user$/, 'users'),
    'lane',
    'phase',
  ];
  return { caption, columns: [...heads, ...columns.map((one) => one.name)], heads: 3, rows };
}

/** Who was shed, over the whole run. */
function rejectedTable(view: ScenarioView): Table {
  const services = view.lanes.flatMap(({ name, run }) =>
    run.services.map((service) => ({ lane: name, service })),
  );
  const shed = services.filter(({ service }) => service.total.rejected > 0);
  const rows = distinct(shed.map(({ service }) => service.name)).flatMap((name) =>
    services
      .filter(({ service }) => service.name === name)
      .map(({ lane, service }) => [
        name,
        lane,
        ...CRITICALITIES.map((one) => written(service.total.rejectedBy[one], 'count')),
      ]),
  );
  const caption = 'Rejected, by criticality, whole run';
  return { caption, columns: ['service', 'lane', ...CRITICALITIES], heads: 2, rows };
}

/** How the attempts of each edge ended, over the whole run. */
function verdictsTable(view: ScenarioView): Table {
  const edges = view.lanes.flatMap(({ name, run }) => run.edges.map((edge) => ({ name, edge })));
  const verdicts = distinct(edges.flatMap(({ edge }) => Object.keys(edge.total.verdicts)));
  const ids = distinct(edges.map(({ edge }) => edge.id));
  const rows = ids.flatMap((id) =>
    edges
      .filter(({ edge }) => edge.id === id)
      .map(({ name, edge }) => [
        id,
        name,
        ...verdicts.map((verdict) => written(edge.total.verdicts[verdict] ?? 0, 'count')),
      ]),
  );
  const caption = 'How attempts ended, whole run';
  return {
    caption,
    columns: ['edge', 'lane', ...verdicts],
    heads: 2,
    rows: verdicts.length > 0 ? rows : [],
  };
}

function phaseText(phase: Phase): string {
  return phase.name === 'fault' ? 'during the fault' : phase.name;
}
