import type { Ledger } from '../ledger.ts';
import { GRACE, type Plan, STORE_TIMEOUT } from '../plan.ts';
import type { Answered } from '../protocol.ts';
import { type Check, none, within } from '../../../../scripts/tasks/checks.ts';

/** What was asked before, in and after an outage. */
export interface OutageRun {
  /** How the callers of each key were answered, before the end of the outage and soon after. */
  readonly answers: ReadonlyMap<string, readonly Answered[]>;
  /** How each process was answered for the first key that it asked for after the outage. */
  readonly recovered: readonly Answered[];
  /** Milliseconds from the end of the outage until all processes were answered so. */
  readonly recovery: number;
  /** How each key was answered at last, all leases being over. */
  readonly asked: ReadonlyMap<string, Answered>;
}

/** The most that the engine's breaker stays open, in milliseconds, with its jitter. */
const LONGEST_COOLDOWN = 6000;

/** What an outage must not have done. */
export function judgeOutage(
  run: OutageRun,
  ledger: Ledger,
  { mode, outage, lease }: Plan,
  fault: string,
): Check[] {
  const name = (what: string): string => `${fault}, ${outage} ms: ${what}`;
  const keys = [...run.asked.keys()];
  const answersOf = (key: string) => [...run.answers.get(key)!, run.asked.get(key)!];
  const valuesOf = (key: string) =>
    new Set(answersOf(key).flatMap(({ kind, value }) => (kind === 'value' ? [value] : [])));
  const refusals = [...run.answers.values()].flat().flatMap(({ refusals: of }) => Object.keys(of));
  const isInOutage = refusals.some((code) => code === 'IDEMPOTENCY_STORE');
  return [
    within(name('keys that were asked for'), keys.length, [1, null]),
    // Resumable work may repeat a step whose recovery point was not kept, under the same derived key.
    none(
      name(mode === 'takeover' ? 'keys with effects of two derived keys' : 'keys with two effects'),
      keys.filter((key) => (mode === 'takeover' ? ledger.derived(key) : ledger.count(key)) > 1),
    ),
    none(
      name('keys that were answered, but have no effect'),
      keys.filter((key) => valuesOf(key).size > 0 && ledger.count(key) === 0),
    ),
    // An answer that the store could not be told is given all the same, and whoever takes over gives another.
    ...(mode === 'takeover'
      ? []
      : [
          none(
            name('keys of which two callers got different answers'),
            keys.filter((key) => valuesOf(key).size > 1),
          ),
        ]),
    none(
      name(`keys without an answer ${lease + GRACE} ms after the last caller`),
      keys.flatMap((key) => {
        const answer = run.asked.get(key)!;
        return isAnswered(answer, mode) ? [] : [`${key}: ${answer.kind} ${answer.value}`];
      }),
    ),
    none(
      name('refusals without a clear code'),
      refusals.filter((code) => code.startsWith('unclear')),
    ),
    ...(isBrief(fault)
      ? []
      : [within(name('store errors were seen, 1 for yes'), isInOutage ? 1 : 0, [1, 1])]),
    none(
      name('processes that had to be started again'),
      run.recovered.flatMap(({ kind, value }, n) =>
        kind === 'value' ? [] : [`process ${n}: ${kind} ${value}`],
      ),
    ),
    // What was asked while the store was down may fail as long after that as a step may take.
    within(name('until all processes work again, ms'), run.recovery, [
      null,
      STORE_TIMEOUT + LONGEST_COOLDOWN + lease + GRACE,
    ]),
  ];
}

function isAnswered({ kind }: Answered, mode: Plan['mode']): boolean {
  return kind === 'value' || (kind === 'outcome-unknown' && mode === 'leased');
}

/** Connections are back before anybody need be refused. */
function isBrief(fault: string): boolean {
  return fault === 'connections reset';
}
