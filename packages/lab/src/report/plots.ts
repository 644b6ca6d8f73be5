import type { RunResult } from '../simulate/result.ts';
import type { Unit } from './numbers.ts';
import { type Merge, type Values, highest, pointsInOne, same, thinned } from './series.ts';
import { type LaneStyle, type ScenarioView, distinct } from './view.ts';

/** What a plot shows, before anything is drawn. */
export interface Plot {
  readonly title: string;
  /** What the figures are, below the title. */
  readonly about: string;
  readonly unit: Unit;
  readonly scale: 'linear' | 'log';
  /** What several moments come to, where there is room for one. */
  readonly merge: Merge;
  /** A value worth a line across: nothing repeated, a full budget. */
  readonly reference: number | null;
  readonly lines: readonly Line[];
}

export interface Line {
  /** As in the key. */
  readonly label: string;
  /** The lane's colour; `load` is what all lanes have in common. */
  readonly style: LaneStyle | 'load';
  /** What the plot is about, or what to hold it against. */
  readonly role: 'main' | 'beside';
  readonly values: Values;
}

/** Plots of one subject: of users, a service or an edge. */
export interface PlotGroup {
  readonly kind: 'users' | 'service' | 'edge';
  readonly name: string;
  readonly plots: readonly Plot[];
}

/** Every plot of a scenario that has something to show. */
export function plotGroups(view: ScenarioView): PlotGroup[] {
  const runs = view.lanes.map((lane) => lane.run);
  const groups: PlotGroup[] = [
    ...distinct(runs.flatMap((run) => run.users.map((users) => users.name))).map((name) => ({
      kind: 'users' as const,
      name,
      plots: usersPlots(view, name),
    })),
    ...distinct(runs.flatMap((run) => run.services.map((service) => service.name))).map((name) => ({
      kind: 'service' as const,
      name,
      plots: servicePlots(view, name),
    })),
    ...distinct(runs.flatMap((run) => run.edges.map((edge) => edge.id))).map((id) => ({
      kind: 'edge' as const,
      name: id,
      plots: edgePlots(view, id),
    })),
  ];
  return groups
    .map((group) => ({ ...group, plots: group.plots.filter(showsSomething) }))
    .filter((group) => group.plots.length > 0);
}

/** What differs from plot to plot; the rest is the same for all. */
interface Recipe extends Omit<Plot, 'lines' | 'scale' | 'reference' | 'merge'> {
  readonly scale?: 'log';
  readonly reference?: number;
  readonly merge?: Merge;
  readonly main: Pick;
  readonly beside?: { readonly label: string; readonly pick: Pick };
}

type Pick = (run: RunResult) => Values | undefined;

function usersPlots(view: ScenarioView, name: string): Plot[] {
  const users = (run: RunResult) => run.users.find((one) => one.name === name)?.series;
  return [
    drawn(view, {
      title: 'Goodput',
      about: 'Good answers within the users’ patience, a second',
      unit: 'rate',
      main: (run) => users(run)?.goodput,
      beside: { label: 'arrivals', pick: (run) => users(run)?.arrivals },
    }),
    drawn(view, {
      title: 'Latency, 99th percentile',
      about: 'What the slowest hundredth waited; logarithmic',
      unit: 'ms',
      scale: 'log',
      merge: 'max',
      main: (run) => users(run)?.p99,
    }),
  ];
}

function servicePlots(view: ScenarioView, name: string): Plot[] {
  const service = (run: RunResult) => run.services.find((one) => one.name === name)?.series;
  return [
    drawn(view, {
      title: 'Amplification',
      about: 'Requests for each one that would have come, had nobody retried',
      unit: 'ratio',
      reference: 1,
      main: (run) => service(run)?.amplification,
    }),
    drawn(view, {
      title: 'Queue',
      about: 'Requests that wait, all replicas',
      unit: 'count',
      merge: 'max',
      main: (run) => service(run)?.queue,
    }),
    drawn(view, {
      title: 'Busy',
      about: 'Requests that are worked on, all replicas',
      unit: 'count',
      main: (run) => service(run)?.busy,
    }),
  ];
}

function edgePlots(view: ScenarioView, id: string): Plot[] {
  const edge = (run: RunResult) => run.edges.find((one) => one.id === id)?.series;
  return [
    drawn(view, {
      title: 'Attempts',
      about: 'Attempts a second, against the calls that they were made for',
      unit: 'rate',
      main: (run) => edge(run)?.attempts,
      beside: { label: 'calls', pick: (run) => edge(run)?.calls },
    }),
    drawn(view, {
      title: 'Breakers not closed',
      about: 'Share of the callers’ breakers',
      unit: 'share',
      main: (run) => edge(run)?.open,
    }),
    drawn(view, {
      title: 'Retry budget in use',
      about: 'Mean over the callers',
      unit: 'share',
      main: (run) => edge(run)?.budget,
    }),
  ];
}

function drawn(view: ScenarioView, recipe: Recipe): Plot {
  const { title, about, unit, scale = 'linear', reference = null, merge = 'mean', main } = recipe;
  const group = pointsInOne(view.duration, view.step);
  const lines = view.lanes.map((lane): Line => ({
    label: lane.name,
    style: lane.style,
    role: 'main',
    values: thinned(main(lane.run) ?? [], group, merge),
  }));
  const beside = recipe.beside === undefined ? [] : besides(view, recipe.beside, group);
  // A lane that has no breaker has no line of it, and no entry in the key.
  const all = [...beside, ...lines].filter((line) => line.values.some((value) => value !== null));
  return { title, about, unit, scale, reference, merge, lines: all };
}

/** What every lane met alike is one line; what the lanes made different is a line for each. */
function besides(view: ScenarioView, beside: NonNullable<Recipe['beside']>, group: number): Line[] {
  const lines = view.lanes.map((lane): Line => ({
    label: `${lane.name}, ${beside.label}`,
    style: lane.style,
    role: 'beside',
    values: thinned(beside.pick(lane.run) ?? [], group, 'mean'),
  }));
  const [first] = lines;
  if (first === undefined || !lines.every((line) => same(line.values, first.values))) return lines;
  return [{ ...first, label: beside.label, style: 'load' }];
}

/** A plot of nothing, or of nothing but zeros, only makes the others harder to find. */
function showsSomething(plot: Plot): boolean {
  const most = highest(plot.lines.map((line) => line.values));
  return most !== null && most > 0;
}
