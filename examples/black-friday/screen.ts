import { goodFor, type LaneRecord, percentile, type Recording } from './measure.ts';
import { LANES, lengthOf, phaseAt, type Phase, type Plan, startOf } from './plan.ts';
import { goodStyle, LANE_STYLE, type Paint, PROVIDER_STYLE, ratio, time } from './style.ts';

const LABEL = 12;
const LEVELS = '▁▂▃▄▅▆▇█';

const NEWS: Readonly<Record<Phase['provider'], string>> = {
  healthy: 'healthy',
  slow: 'slow: every charge takes 20 times as long',
  down: 'down: connections are reset or answered 503',
};

/** How a lane does at this moment. */
interface Moment {
  /** Checkouts paid in time, a second. */
  readonly goodput: number;
  readonly p99: number;
  /** Attempts for each checkout of this phase. */
  readonly attempts: number;
}

/** The live picture: the schedule, under it each lane's goodput, and how the lanes do now. */
export function picture(
  { recording, elapsed, width }: { recording: Recording; elapsed: number; width: number },
  paint: Paint,
): string[] {
  const { plan, lanes } = recording;
  const axis = Math.max(30, Math.min(width, 120) - LABEL - 3);
  const label = (text: string): string => `  ${text.padEnd(LABEL - 2)}`;
  const moments = LANES.map((lane) => {
    const { goodput, p99, attempts } = momentOf(recording, lanes[lane], elapsed);
    const { breaker, inFlight } = lanes[lane];
    const figures = [goodput.toFixed(0), time(p99), ratio(attempts), breaker, String(inFlight)];
    return paint(LANE_STYLE[lane], label(lane)) + row(figures);
  });
  return [
    label('') + names(plan, axis),
    label('provider') + schedule(plan, elapsed, axis, paint),
    ...LANES.map((lane) => {
      return (
        paint(LANE_STYLE[lane], label(lane)) +
        goodputs(recording, lanes[lane], elapsed, axis, paint)
      );
    }),
    '',
    paint('dim', label('') + row(['paid/s', 'p99', 'attempts', 'breaker', 'in flight'])),
    ...moments,
    '',
    `  ${status(recording, elapsed, paint)}`,
  ];
}

function status({ plan, arrivals, lanes }: Recording, elapsed: number, paint: Paint): string {
  const length = lengthOf(plan);
  if (elapsed > length) {
    const all = LANES.every((lane) => lanes[lane].samples.length === arrivals.length);
    return all ? 'all answered' : 'waiting for the last answers';
  }
  const { provider } = plan.phases[phaseAt(plan, elapsed)]!;
  const news = paint(PROVIDER_STYLE[provider], NEWS[provider]);
  return `${time(elapsed)} of ${time(length)}, the provider is ${news}`;
}

/** The same in one line, for logs. */
export function logLine(recording: Recording, elapsed: number): string {
  const { plan, lanes } = recording;
  const isOver = elapsed > lengthOf(plan);
  const phase = isOver ? 'last answers' : plan.phases[phaseAt(plan, elapsed)]!.name;
  const parts = LANES.map((lane) => {
    const { goodput, p99, attempts } = momentOf(recording, lanes[lane], elapsed);
    const now = `${goodput.toFixed(0)}/s, p99 ${time(p99)}, ${ratio(attempts)} attempts`;
    return `${lane} ${now}, breaker ${lanes[lane].breaker}`;
  });
  return [time(Math.max(0, elapsed)).padStart(6), phase.padEnd(8), ...parts].join('  ');
}

function row(figures: readonly string[]): string {
  return figures.map((text) => text.padStart(11)).join('');
}

function momentOf({ plan, arrivals }: Recording, lane: LaneRecord, elapsed: number): Moment {
  const span = Math.max(1000, 3000 / plan.speedup);
  const isGood = goodFor(plan);
  const recent = lane.samples.filter(([at, latency]) => at + latency > elapsed - span);
  const index = phaseAt(plan, elapsed);
  const begin = startOf(plan, plan.phases[index]!.name);
  const offered = arrivals.filter((at) => at >= begin && at < elapsed).length;
  const seconds = Math.max(1, Math.min(span, elapsed)) / 1000;
  return {
    goodput: recent.filter(isGood).length / seconds,
    p99: percentile(
      recent.map(([, latency]) => latency),
      0.99,
    ),
    attempts: lane.attempts[index]! / offered,
  };
}

/** Where a time lies on the axis. */
function columnOf(plan: Plan, at: number, axis: number): number {
  return Math.round((at / lengthOf(plan)) * axis);
}

/** The phases' names, each where the phase begins, or right of the one before. */
function names(plan: Plan, axis: number): string {
  let line = '';
  for (const { name } of plan.phases) {
    line = line.padEnd(columnOf(plan, startOf(plan, name), axis));
    line += line === '' || line.endsWith(' ') ? name : ` ${name}`;
  }
  return line;
}

function schedule(plan: Plan, elapsed: number, axis: number, paint: Paint): string {
  const done = columnOf(plan, elapsed, axis);
  return plan.phases
    .map(({ name, provider, length }) => {
      const begin = columnOf(plan, startOf(plan, name), axis);
      const end = columnOf(plan, startOf(plan, name) + length, axis);
      const past = Math.max(0, Math.min(end, done) - begin);
      const style = PROVIDER_STYLE[provider];
      return paint(style, '━'.repeat(past)) + paint('dim', '─'.repeat(end - begin - past));
    })
    .join('');
}

/** A bar for every column of the axis: the share of those who came then and have paid. */
function goodputs(
  { plan, arrivals }: Recording,
  { samples }: LaneRecord,
  elapsed: number,
  axis: number,
  paint: Paint,
): string {
  const isGood = goodFor(plan);
  const length = lengthOf(plan);
  const offered = countByColumn(arrivals, length, axis);
  const paid = countByColumn(
    samples.filter(isGood).map(([at]) => at),
    length,
    axis,
  );
  // The last answers of a moment take a moment to come.
  const drawn = Math.max(0, Math.floor((Math.min(elapsed - 200, length) / length) * axis));
  return offered
    .slice(0, drawn)
    .map((all, i) => {
      const share = all === 0 ? 1 : paid[i]! / all;
      const level = Math.round(share * (LEVELS.length - 1));
      return paint(goodStyle(share), LEVELS[level]!);
    })
    .join('');
}

function countByColumn(times: readonly number[], length: number, axis: number): number[] {
  const counts = Array.from({ length: axis }, () => 0);
  for (const at of times) counts[Math.floor((at / length) * axis)]!++;
  return counts;
}
