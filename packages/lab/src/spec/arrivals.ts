import { type ParsedArrivals, TRAITS, WAYS } from './load-tables.ts';
import type { Arrivals, SpecPath } from './model.ts';
import type { SpecProblems } from './problems.ts';

/** Requests that a scenario may bring: what would run for days is a slip of the pen. */
const MAX_REQUESTS = 100_000_000;

/** Exactly one of `rate`, `clients` and `trace`. */
export function arrivalsOf(
  { rate, arrivals, clients, think, trace }: ParsedArrivals,
  path: SpecPath,
  problems: SpecProblems,
): Arrivals {
  const stated = Object.entries({ rate, clients, trace }).filter(([, value]) => value !== null);
  const isWritten = WAYS.some((way) => problems.states([...path, way]));
  if (!isWritten && !problems.isWrong(path))
    problems.at(path, 'needs a `rate`, `clients` or a `trace`');
  if (stated.length > 1) {
    const names = stated.map(([name]) => `\`${name}\``).join(' and ');
    problems.at(path, `has ${names}: write one of them`);
  }
  if (stated.length === 1) checkTraits(stated[0]![0], path, problems);
  if (trace !== null) {
    const late = trace.findIndex((at, i) => i > 0 && at < trace[i - 1]!);
    // Without the wrong moments, the others have moved up.
    if (late !== -1 && !problems.isWrongWithin([...path, 'trace'])) {
      problems.at([...path, 'trace', late], 'must not be earlier than the one before');
    }
    return { kind: 'trace', at: trace };
  }
  if (clients !== null) return { kind: 'closed', clients, think };
  return { kind: 'open', process: arrivals, rate: rate ?? [{ at: 0, rate: 0, until: 0 }] };
}

function checkTraits(way: string, path: SpecPath, problems: SpecProblems): void {
  for (const [trait, owner] of Object.entries(TRAITS)) {
    if (way === owner || !problems.states([...path, trait])) continue;
    problems.at([...path, trait], `has no effect with \`${way}\`: it is for \`${owner}\``);
  }
}

/** Says so if these are more requests than anybody would wait for: once, however many scenarios bring them. */
export function checkVolume(
  arrivals: Arrivals,
  duration: number,
  path: SpecPath,
  problems: SpecProblems,
): void {
  if (arrivals.kind !== 'open' || problems.isWrongWithin(path)) return;
  const requests = arrivals.rate.reduce((sum, piece, i) => {
    const end = Math.min(arrivals.rate[i + 1]?.at ?? duration, duration);
    const seconds = Math.max(0, end - piece.at) / 1000;
    return sum + (seconds * (piece.rate + piece.until)) / 2;
  }, 0);
  if (requests > MAX_REQUESTS) {
    problems.at(path, `would send ${Math.round(requests)} requests; at most ${MAX_REQUESTS}`);
  }
}
