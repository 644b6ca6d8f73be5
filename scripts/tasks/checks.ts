/** A promise of a task, and what came of it. */
export interface Check {
  readonly name: string;
  readonly value: number;
  /** From where to where the value may lie; null for no limit on that side. */
  readonly bound: readonly [low: number | null, high: number | null];
  /** null when it could not be judged. */
  readonly holds: boolean | null;
  /** Why it could not be judged, or what was found. */
  readonly note?: string;
}

type Bound = Check['bound'];

/** Characters. */
const LONGEST_NOTE = 400;

/** Whether a value lies within its bound. What is not a number does not. */
export function within(name: string, value: number, bound: Bound, note?: string): Check {
  const [low, high] = bound;
  const holds = value >= (low ?? -Infinity) && value <= (high ?? Infinity);
  return { name, value, bound, holds, ...(note === undefined ? {} : { note }) };
}

/** Nothing of the kind may be found; the note names the first few that were. */
export function none(name: string, found: readonly string[]): Check {
  const note = found.length > 0 ? found.slice(0, 3).join('; ').slice(0, LONGEST_NOTE) : undefined;
  return within(name, found.length, [0, 0], note);
}

export function notJudged(name: string, why: string): Check {
  return { name, value: 0, bound: [null, null], holds: null, note: why };
}

/** 0 when every promise holds, 1 when one does not, 2 when one could not be judged or there is none. */
export function exitCode(checks: readonly Pick<Check, 'holds'>[]): 0 | 1 | 2 {
  if (checks.some(({ holds }) => holds === false)) return 1;
  return checks.length === 0 || checks.some(({ holds }) => holds === null) ? 2 : 0;
}

/** Checks for a person. `doubt` is why one could not be judged that does not say so itself. */
export function tableOf(checks: readonly Check[], doubt = 'it is not known why'): string {
  const rows = checks.map((check) => [
    check.name,
    figure(check.value),
    boundText(check.bound),
    verdictText(check, doubt),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number) => cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(pad).join('  ').trimEnd()}\n`).join('');
}

function boundText([low, high]: Bound): string {
  return `${low === null ? '' : figure(low)} .. ${high === null ? '' : figure(high)}`;
}

function verdictText({ holds, note }: Check, doubt: string): string {
  if (holds === null) return `could not be judged: ${note ?? doubt}`;
  return (holds ? 'holds' : 'DOES NOT HOLD') + (note === undefined ? '' : `: ${note}`);
}

/** Five digits, without an exponent where there is none needed. */
function figure(value: number): string {
  return String(Number(value.toPrecision(5)));
}
