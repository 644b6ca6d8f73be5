import type { Check } from './experiments/law.ts';

/** Checks for a person. @param doubt why one could not be judged. */
export function tableOf(checks: readonly Check[], doubt: string): string {
  const rows = checks.map(({ name, value, bound: [low, high], holds }) => [
    name,
    figure(value),
    `${low === null ? '' : figure(low)} .. ${high === null ? '' : figure(high)}`,
    verdictOf(holds, doubt),
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

function verdictOf(holds: boolean | null, doubt: string): string {
  if (holds === null) return `could not be judged: ${doubt}`;
  return holds ? 'holds' : 'DOES NOT HOLD';
}

/** Five digits, without an exponent where there is none needed. */
function figure(value: number): string {
  return String(Number(value.toPrecision(5)));
}
