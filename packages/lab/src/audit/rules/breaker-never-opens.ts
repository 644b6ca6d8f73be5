import { processesOf } from '../edges.ts';
import { callsOverAll } from '../load.ts';
import { sustained } from '../tries.ts';
import { amount, amounts, eachDependency, eachProcess, ms, namesOf, type Rule } from './rule.ts';

/** The longest that `window` may be. */
const MAX_WINDOW = 3_600_000;
/** Two failures out of three prove nothing. */
const FEWEST = 5;

export const breakerNeverOpens: Rule = {
  id: 'breaker-never-opens',
  severity: 'warning',
  looksFor:
    "A breaker that cannot open, because its window never holds `minimumCalls` calls at the users' rates",
  why: 'The breaker looks like protection and is none: until its window holds `minimumCalls` calls it stays closed, whatever fails. Each replica has its own breaker, which sees only its own calls.',
  check: eachDependency((edges, { fleet, load, layersOf }) => {
    const [edge] = edges;
    const { breaker } = edge.policy;
    const [library] = layersOf(edge);
    const calls = callsOverAll(edges, load) / processesOf(edge, fleet);
    // A window of calls is full in the end, and its length is minimum enough.
    if (breaker?.kind !== 'time' || library === undefined || calls === 0) return null;
    const attempts = calls * sustained(library);
    const seen = (attempts * breaker.window) / 1000;
    if (seen >= breaker.minimumCalls) return null;
    const enough = Math.ceil(breaker.minimumCalls / attempts) * 1000;
    const [held, needed] = amounts(seen, breaker.minimumCalls);
    const ways = [
      'Use `kind: consecutive`',
      ...(enough <= MAX_WINDOW ? [`widen \`window\` to ${ms(enough)}`] : []),
      ...(seen >= FEWEST ? [`lower \`minimumCalls\` to ${Math.floor(seen)}`] : []),
    ];
    return {
      options: ['breaker.minimumCalls'],
      message: `${namesOf(edges)}: ${eachProcess(edge, fleet)} makes ${amount(attempts)} attempts a second, so ${held} are in the breaker's window, and it cannot open with fewer than ${needed}`,
      fix: `${ways.join(', or ')}.`,
      value: seen,
    };
  }),
};
