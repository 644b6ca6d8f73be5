import type { Check } from './experiments/law.ts';

const VERDICTS = new Map<boolean | null, string>([
  [true, 'holds'],
  [false, 'DOES NOT HOLD'],
  [null, 'could not be judged: the runs differ too much'],
]);

/** The checks of one law, for a person. */
export function tableOf(checks: readonly Check[]): string {
  const rows = checks.map(({ name, value, bound: [low, high], holds }) => [
    name,
    figure(value),
    `${low === null ? '' : figure(low)} .. ${high === null ? '' : figure(high)}`,
    VERDICTS.get(holds)!,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number) => cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(pad).join('  ')}\n`).join('');
}

/** 0 when every promise holds, 1 when one does not, 2 when one could not be judged or there is none. */
export function exitCode(checks: readonly Check[]): 0 | 1 | 2 {
  if (checks.some(({ holds }) => holds === false)) return 1;
  return checks.length === 0 || checks.some(({ holds }) => holds === null) ? 2 : 0;
}

/** Five digits, without an exponent where there is none needed. */
function figure(value: number): string {
  return String(Number(value.toPrecision(5)));
}
