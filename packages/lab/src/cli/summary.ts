import { styleText } from 'node:util';
import { NOTHING, type Unit, unitOf, written, writtenTime } from '../report/numbers.ts';
import { metastabilityText, someOf } from '../report/words.ts';
import { leastTime, measure, type Question } from '../simulate/expectations.ts';
import type { Promised } from '../simulate/promises.ts';
import type { ReportedScenario, SimulationReport } from '../simulate/report.ts';
import type { RunResult, Verdict } from '../simulate/result.ts';
import type { Interval, Spread } from '../simulate/seeds.ts';
import type { Sweep } from '../simulate/sweep.ts';
import { type Cell, table, transposed, wrapped } from './text-table.ts';
import { faultMarks, sparkline } from './sparkline.ts';

/** How it is printed. */
export interface SummaryOptions {
  /** Whether verdicts and marks are coloured. */
  readonly colours: boolean;
  /** Of the terminal that it is made for; lines of names and figures may be longer. */
  readonly columns: number;
}

type Style = 'green' | 'yellow' | 'red' | 'bold' | 'dim';
type Paint = (text: string, style: Style) => string;

/** Columns of a plot, where there is room. */
const PLOT = 76;
/** Less would show nothing. */
const LEAST_PLOT = 10;

/** What a person reads. */
export function summary(
  report: SimulationReport,
  promises: readonly Promised[],
  { colours, columns }: SummaryOptions,
): string {
  const paint: Paint = (text, style) =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  const blocks =
    report.sweep === null
      ? report.scenarios.flatMap((scenario) =>
          scenarioBlocks(scenario, report, promises, columns, paint),
        )
      : [sweepBlock(report.sweep, paint)];
  return `\n${blocks.join('\n\n')}\n`;
}

function scenarioBlocks(
  { name, about }: ReportedScenario,
  report: SimulationReport,
  promises: readonly Promised[],
  columns: number,
  paint: Paint,
): string[] {
  const runs = report.runs.filter((run) => run.scenario === name);
  const spreads = report.spreads.filter((spread) => spread.scenario === name);
  const prefix = `${name}: `;
  const expected = promises.filter((promise) => promise.name.startsWith(prefix));
  // Of several seeds, what is not a mean is the first one's.
  const seed = spreads.length === 0 ? '' : `with seed ${report.seeds[0]}`;
  const lanes = lanesTable(runs, columns, paint);
  return [
    `${paint(name, 'bold')}${about === '' ? '' : `\n${wrapped(about.trim(), columns)}`}`,
    seed === '' ? lanes : `${paint(seed, 'dim')}\n${lanes}`,
    plots(runs, seed, columns, paint),
    ...(spreads.length === 0 ? [] : [spreadTable(spreads)]),
    ...(expected.length === 0
      ? []
      : [expected.map((promise) => promiseLine(promise, prefix, paint)).join('\n')]),
  ];
}

function lanesTable(runs: readonly RunResult[], columns: number, paint: Paint): string {
  const phases = runs[0]?.phases.map((phase) => phase.name) ?? [];
  const [before = '', ...later] = phases;
  const head = ['lane', `goodput ${before}`, ...later];
  head.push('p99', 'attempts/call', 'recovery', 'verdict');
  const rows = runs.map((run): Cell[] => {
    const ask = (name: Question['measure']): number | null =>
      measure(run, { measure: name, at: null, during: 'all' });
    const p99 = writtenTime(
      ask('p99'),
      leastTime(run, { measure: 'p99', at: null, during: 'all' }),
    );
    const goodput = phases.map((during) =>
      plain(measure(run, { measure: 'goodput', at: null, during }), 'share'),
    );
    const attempts = plain(ask('attempts-per-call'), 'count');
    const times = [spaced(p99), attempts, plain(ask('recovery'), 'ms')];
    return [run.lane, ...goodput, ...times, verdictCell({ ...run.verdict, after: null }, paint)];
  });
  const lines = table(head, rows, { left: [0, head.length - 1] });
  if (lines.slice(0, lines.indexOf('\n')).length <= columns) return lines;
  const [names, ...turned] = transposed([head, ...rows]);
  return table(names!, turned, { left: [0] });
}

/** @param seed in words, if it must be said. */
function plots(runs: readonly RunResult[], seed: string, columns: number, paint: Paint): string {
  const series = runs.map(goodputOf);
  const top = Math.max(...series.flat().map((value) => value ?? 0));
  const margin = Math.max('fault'.length, ...runs.map((run) => run.lane.length)) + 2;
  const room = Math.max(LEAST_PLOT, Math.min(PLOT, columns - margin));
  const width = Math.min(room, series[0]?.length ?? 0);
  const lines = runs.map(
    (run, i) => `${run.lane.padEnd(margin)}${sparkline(series[i]!, width, top)}`,
  );
  const [first] = runs;
  const marks = first === undefined ? '' : faultMarks(first.faults, first.duration, width);
  const end = plain(first?.duration ?? null, 'ms');
  const what = seed === '' ? 'goodput' : `goodput ${seed}`;
  const title = `${what} from 0 to ${end}, at most ${plain(top, 'rate')}/s`;
  const below = marks.trim() === '' ? [] : [paint(`${'fault'.padEnd(margin)}${marks}`, 'red')];
  return [paint(title, 'dim'), ...lines, ...below].join('\n');
}

/** Good answers a second of all users together; null where it is not known of some. */
function goodputOf(run: RunResult): (number | null)[] {
  const points = Math.ceil(run.duration / run.step);
  return Array.from({ length: points }, (_, point) => {
    const rates = run.users.map((users) => users.series.goodput[point] ?? null);
    return rates.includes(null) ? null : rates.reduce((sum, rate) => sum! + rate!, 0);
  });
}

function spreadTable(spreads: readonly Spread[]): string {
  const count = spreads[0]!.seeds.length;
  const head = [`mean of ${count} seeds ± 95 %`, ...spreads.map((spread) => spread.lane)];
  const verdicts = spreads.map(({ verdicts: counts }) =>
    Object.entries(counts)
      .map(([kind, runs]) => `${runs} ${kind}`)
      .join(', '),
  );
  const shown = spreads.flatMap(({ figures }) => figures.filter(isWorthALine));
  const names = [...new Set(shown.map(({ name }) => name))];
  const rows = names.map((name) => [
    name,
    ...spreads.map(({ figures }) =>
      intervalText(
        figures.find((figure) => figure.name === name),
        count,
      ),
    ),
  ]);
  return table(head, [...rows, ['verdicts', ...verdicts]], { left: [0] });
}

/** Duplicates and wasted work are told only where there are some: at most services there are none. */
function isWorthALine({ name, mean }: Interval): boolean {
  return mean !== 0 || !/^(duplicates|wasted)/.test(name);
}

function intervalText(interval: Interval | undefined, seeds: number): string {
  if (interval === undefined) return NOTHING;
  const unit = unitOf(interval.name);
  const half = interval.half === null ? '' : ` ± ${plain(interval.half, unit)}`;
  return `${plain(interval.mean, unit)}${half}${someOf(interval, seeds)}`;
}

function promiseLine(
  { name, value, endless, holds }: Promised,
  prefix: string,
  paint: Paint,
): string {
  const text = name.slice(prefix.length);
  if (value === null) return `${paint('?', 'red')} ${text}: could not be evaluated`;
  const figure = metastabilityText(text, value) ?? plain(value, unitOf(text));
  const found = endless ? `more than ${figure}` : figure;
  if (!holds) return `${paint('✗', 'red')} ${text}: it is ${found}`;
  return `${paint('✓', 'green')} ${text}${found === text ? '' : paint(` (${found})`, 'dim')}`;
}

function sweepBlock({ parameter, labels, rows }: Sweep, paint: Paint): string {
  const lanes = rows.map(({ scenario, lane }) => `${scenario}, ${lane}`);
  const body = labels.map((label, index): Cell[] => [
    label,
    ...rows.map(({ cells }) => {
      const { verdict, goodput } = cells[index]!;
      const { text, painted } = verdictCell(verdict, paint);
      const share = `, ${plain(goodput, 'share')}`;
      return { text: text + share, painted: painted + share };
    }),
  ]);
  const left = rows.map((_, index) => index + 1);
  const title = paint('verdict and goodput for each value', 'dim');
  return `${title}\n${table([parameter, ...lanes], body, { left })}`;
}

const VERDICT_STYLES: Readonly<Record<Verdict['kind'], Style>> = {
  stable: 'green',
  degraded: 'yellow',
  recovers: 'yellow',
  metastable: 'red',
  unsettled: 'red',
};

function verdictCell(
  { kind, after }: Verdict,
  paint: Paint,
): { readonly text: string; readonly painted: string } {
  const text = after === null ? kind : `${kind} in ${plain(after, 'ms')}`;
  return { text, painted: paint(text, VERDICT_STYLES[kind]) };
}

/** Not every terminal's font has the narrow space. */
function plain(value: number | null, unit: Unit): string {
  return spaced(written(value, unit));
}

function spaced(text: string): string {
  return text.replaceAll('\u202f', ' ');
}
