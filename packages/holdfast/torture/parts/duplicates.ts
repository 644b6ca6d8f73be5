import { readLedger } from '../ledger.ts';
import type { Place } from '../places/place.ts';
import type { Plan } from '../plan.ts';
import type { Answered, EngineSetup, Policy } from '../protocol.ts';
import { type Check, none } from '../../../../scripts/tasks/checks.ts';
import { Worker } from '../workers.ts';

const PROCESSES = 4;
/** Keys that are asked for at the same time. */
const AT_ONCE = 20;
/** Milliseconds that an effect takes, so that others come meanwhile. */
const EFFORT = 20;
/** Milliseconds. Nobody dies here, so the lease may outlast a busy machine. */
const LONG = 30_000;

/** Many callers of many processes ask for each key at once. */
export async function duplicates(place: Place, plan: Plan): Promise<Check[]> {
  const engine: EngineSetup = { lease: LONG, storeTimeout: LONG, defect: plan.defect };
  const workers = await Promise.all(
    Array.from({ length: PROCESSES }, () => Worker.start(place, engine)),
  );
  const policy: Policy = plan.mode === 'leased' ? 'refuse' : plan.mode;
  const keys = Array.from({ length: plan.keys }, (_, n) => `duplicate-${plan.seed}-${n}`);
  const answers = new Map<string, readonly Answered[]>();
  try {
    for (let first = 0; first < keys.length; first += AT_ONCE) {
      const asked = keys.slice(first, first + AT_ONCE).map(async (key) => {
        const callers = Array.from({ length: plan.callers }, (_, n) =>
          workers[n % PROCESSES]!.ask({ key, policy, patience: LONG, effort: EFFORT }),
        );
        answers.set(key, await Promise.all(callers));
      });
      await Promise.all(asked);
      plan.progress(`duplicates: ${answers.size} keys`);
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
  }
  const ledger = await readLedger(place);
  const name = (what: string) =>
    `${plan.callers} duplicates x ${plan.keys} keys, ${PROCESSES} processes: ${what}`;
  const are = (is: (answers: readonly Answered[]) => boolean) =>
    keys.filter((key) => is(answers.get(key)!));
  return [
    none(
      name('keys without exactly one effect'),
      keys.filter((key) => ledger.count(key) !== 1),
    ),
    none(
      name('keys whose callers did not all get the one answer'),
      are((all) => new Set(all.map(({ value }) => value)).size !== 1),
    ),
    none(
      name('keys with a caller who got no answer, or was refused on the way'),
      are((all) => all.some(({ kind, refusals }) => kind !== 'value' || isAny(refusals))),
    ),
  ];
}

const isAny = (counts: Readonly<Record<string, number>>): boolean => Object.keys(counts).length > 0;
