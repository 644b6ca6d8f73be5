import type { Expectation } from '../spec/model.ts';
import type {
  EdgeFigures,
  EdgeResult,
  JudgedExpectation,
  RunResult,
  UserFigures,
  UsersResult,
} from './result.ts';

/** What is asked of a run: a measure, where, and in which phase. */
export type Question = Pick<Expectation, 'measure' | 'at' | 'during'>;

/** Judges what a scenario expects of a run; what cannot be evaluated does not hold. */
export function judgeExpectations(
  expectations: readonly Expectation[],
  run: RunResult,
): JudgedExpectation[] {
  return expectations.map((expectation) => {
    const { text, bound, is } = expectation;
    const measured = measure(run, expectation);
    const least = leastTime(run, expectation);
    // What had not ended takes at least that long: enough to judge by, if it is beyond the bound.
    const endless = least !== null && least > bound && least > (measured ?? 0);
    const value = endless ? least : measured;
    return { text, bound, is, value, endless, holds: value !== null && compare(value, is, bound) };
  });
}

/** The least that a time comes to, whether it has ended or not; null for a measure that is no time. */
export function leastTime(run: RunResult, { measure: asked, at, during }: Question): number | null {
  switch (asked) {
    case 'p50':
    case 'p95':
    case 'p99':
      return worst(timesOf(run, at, during).map((place) => place[asked] ?? place.atLeast[asked]));
    case 'recovery':
      return leastRecovery(run, at);
    default:
      return null;
  }
}

/**
 * A run's figure in its unit: milliseconds, a share, or a number; null if there is nothing to measure, or
 * it is a time without an end. Without a place it is that of all together for goodput and attempts per call,
 * the sum for duplicates, and the worst for everything else.
 */
export function measure(run: RunResult, question: Question): number | null {
  const { at, during } = question;
  const users = usersAt(run, at);
  const services = run.services.filter(({ name }) => at === null || name === at);
  const figures = {
    users: inPhase(users, during),
    services: inPhase(services, during),
    edges: inPhase(edgesAt(run, at), during),
  };
  // What nobody has come to shows nothing, least of all that all is well.
  const asked = figures.services.filter(({ arrivals }) => arrivals > 0);
  const visitors = users.filter(hasCome);
  switch (question.measure) {
    case 'goodput':
      return users.length > 0 ? goodputOf(figures.users) : successOf(figures.edges);
    case 'p50':
    case 'p95':
    case 'p99': {
      const key = question.measure;
      const times = timesOf(run, at, during)
        .filter(isKnown)
        .map((place) => place[key]);
      // Null is a request that was never answered: nobody can say how much longer it takes.
      return times.includes(null) ? null : worst(times);
    }
    case 'attempts-per-call':
      return ratio(sum(figures.edges, 'attempts'), sum(figures.edges, 'calls'));
    case 'amplification':
      return worst(figures.services.map((service) => service.amplification));
    case 'duplicates':
      return asked.length === 0 ? null : sum(asked, 'duplicates');
    case 'wasted':
      return worst(asked.map((service) => service.wasted));
    case 'queue':
      return worst(asked.map((service) => service.queueMax));
    case 'recovery': {
      const times = visitors.map((each) => each.recovery);
      return times.includes(null) ? null : worst(times);
    }
    case 'metastable':
      if (visitors.length === 0 || run.verdict.kind === 'unsettled') return null;
      return run.verdict.kind === 'metastable' ? 1 : 0;
  }
}

/** Rounded shares and counts are equal up to the last digit that is kept. */
const EQUAL = 1e-9;

function compare(value: number, is: Expectation['is'], bound: number): boolean {
  if (is === '=') return Math.abs(value - bound) <= EQUAL * Math.max(1, Math.abs(bound));
  return is === '<=' ? value <= bound : value >= bound;
}

/** Users who have not recovered take longer than what is left of the run after the faults. */
function leastRecovery(run: RunResult, at: string | null): number | null {
  const after = run.phases.find((phase) => phase.name === 'after');
  const users = usersAt(run, at).filter(hasCome);
  if (after === undefined || !users.some(({ recovery }) => recovery === null)) return null;
  return after.to - after.from;
}

/** What the times of answers are taken from: users, or the edges that lead to a service. */
function timesOf(
  run: RunResult,
  at: string | null,
  during: Expectation['during'],
): readonly (UserFigures | EdgeFigures)[] {
  const users = usersAt(run, at);
  return users.length > 0 ? inPhase(users, during) : inPhase(edgesAt(run, at), during);
}

/** A service's edges are those that lead to it; users have their own. */
function edgesAt(run: RunResult, at: string | null): readonly EdgeResult[] {
  if (at === null) return run.edges;
  const [users] = usersAt(run, at);
  return run.edges.filter(({ from, to }) => to === at || from === users?.name);
}

/** At a service there are none. */
function usersAt({ users }: RunResult, at: string | null): readonly UsersResult[] {
  return at === null ? users : users.filter(({ name }) => name === at);
}

/** Whether some have ended, or are taken for lost. */
function isKnown(figures: UserFigures | EdgeFigures): boolean {
  if ('goodput' in figures) return figures.goodput !== null;
  return figures.calls > figures.refused + figures.open;
}

function hasCome({ total }: UsersResult): boolean {
  return total.arrivals > 0;
}

interface ByPhase<F> {
  readonly total: F;
  readonly byPhase: Readonly<Record<string, F>>;
}

function inPhase<F>(places: readonly ByPhase<F>[], during: Expectation['during']): F[] {
  if (during === 'all') return places.map((place) => place.total);
  return places.map((place) => place.byPhase[during]).filter((figures) => figures !== undefined);
}

function goodputOf(users: readonly UserFigures[]): number | null {
  const known = users.filter(({ goodput }) => goodput !== null);
  const good = known.reduce((total, { arrivals, goodput }) => total + arrivals * goodput!, 0);
  return ratio(good, sum(known, 'arrivals'));
}

function successOf(edges: readonly EdgeFigures[]): number | null {
  const ended = sum(edges, 'calls') - sum(edges, 'open');
  return ratio(ended - sum(edges, 'failures'), ended);
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function sum<K extends string>(figures: readonly Readonly<Record<K, number>>[], key: K): number {
  return figures.reduce((total, each) => total + each[key], 0);
}

function worst(values: readonly (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null);
  return measured.length === 0 ? null : Math.max(...measured);
}
