import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../test/servers/process.ts';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import { check } from '../linearizable/checker.ts';
import { historiesOf, type Line, type Operation } from '../linearizable/history.ts';
import type { Place } from '../places/place.ts';
import type { Plan } from '../plan.ts';
import type { EngineSetup } from '../protocol.ts';
import { type Check, none, notJudged, within } from '../../../../scripts/tasks/checks.ts';
import { Worker } from '../workers.ts';

const PROCESSES = 4;
/** Keys that all processes work on at once. */
const AT_ONCE = 16;
/** Steps that each process takes on each key. */
const STEPS = 12;
/** Milliseconds of a lease, so that many end within a history. */
const SHORT = 100;
/** Steps after which, at the latest, a process is killed. */
const LONGEST_LIFE = 100;

/** Several processes, of which one is killed now and then, take steps on the same keys. */
export async function histories(place: Place, plan: Plan): Promise<Check[]> {
  const random = seededRandom(plan.seed).fork('histories');
  const lines: Line[] = [];
  for (let first = 0; first < plan.histories; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, plan.histories - first);
    const keys = Array.from({ length: count }, (_, n) => `history-${plan.seed}-${first + n}`);
    lines.push(...(await record(place, plan, keys, random)));
    plan.progress(`histories: ${first + count} keys`);
  }
  return judgeHistories(historiesOf(lines), plan.store === 'postgres');
}

function judgeHistories(
  all: ReadonlyMap<string, readonly Operation[]>,
  hasTransactions: boolean,
): Check[] {
  const operations = [...all.values()].flat();
  const verdicts = Array.from(all, ([key, history]) => ({ key, verdict: check(history) }));
  const undecided = verdicts.filter(({ verdict }) => verdict.kind === 'undecided');
  const took = (is: (operation: Operation) => boolean): number => operations.filter(is).length;
  return [
    within(named('operations'), operations.length, [1, null]),
    within(named('operations cut off by a kill'), took(isCut), [1, null]),
    within(
      named('takeovers'),
      took(({ answer }) => attemptOf(answer) > 1),
      [1, null],
    ),
    within(named('grants with recovery points'), took(hasPoints), [1, null]),
    ...(hasTransactions ? [within(named('transactions'), took(isTransacted), [1, null])] : []),
    none(
      named('keys whose history no order explains'),
      verdicts.flatMap(({ key, verdict }) =>
        verdict.kind === 'impossible' ? [`${key}: ${described(verdict.at)}`] : [],
      ),
    ),
    ...(undecided.length === 0
      ? []
      : [notJudged(named('search'), `too long for ${undecided.length} keys`)]),
  ];
}

async function record(place: Place, plan: Plan, keys: string[], random: Random): Promise<Line[]> {
  const engine: EngineSetup = { lease: plan.lease, storeTimeout: plan.lease, defect: plan.defect };
  const file = join(temporaryFolder(), 'history');
  const common = { do: 'record', file, keys, seed: plan.seed, steps: STEPS, lease: SHORT } as const;
  const start = () => Worker.start(place, engine);
  const workers = await Promise.all(Array.from({ length: PROCESSES + 1 }, start));
  const request = (n: number, diesIn: number | null): Promise<unknown> =>
    workers[n]!.request({ ...common, client: `${keys[0]}-${n}`, diesIn });
  try {
    const others = Promise.all(Array.from({ length: PROCESSES - 1 }, (_, n) => request(n, null)));
    // Whatever goes wrong is told where it is awaited.
    others.catch(() => {});
    // One dies in the middle of a step, and another comes in its place.
    const diesIn = 1 + Math.floor(random.next() * LONGEST_LIFE);
    await Promise.allSettled([request(PROCESSES - 1, diesIn)]);
    await Promise.all([others, request(PROCESSES, null)]);
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
  }
  const text = readFileSync(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

function attemptOf(answer: Operation['answer']): number {
  return typeof answer === 'object' && answer !== null && 'attempt' in answer ? answer.attempt : 0;
}

function hasPoints({ answer }: Operation): boolean {
  return (
    typeof answer === 'object' && answer !== null && 'points' in answer && answer.points.length > 0
  );
}

const isTransacted = ({ step, answer }: Operation): boolean =>
  step.do === 'transact' && answer === true;
const isCut = ({ returnedAt }: Operation): boolean => returnedAt === Infinity;

function described({ step, answer, invokedAt, returnedAt }: Operation): string {
  return `${JSON.stringify(step)} from ${invokedAt} to ${returnedAt} was ${JSON.stringify(answer)}`;
}

const named = (what: string): string => `histories of the port's steps: ${what}`;
