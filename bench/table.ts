import type { Judged } from './judge.ts';
import type { Samples, Scenario } from './scenario.ts';
import { ratios, spreadOf } from './stats.ts';

/** What a scenario measured, as Markdown that is aligned, so that it reads well as it is. */
export function tableOf(scenario: Scenario, samples: Samples, promises: readonly Judged[]): string {
  return [
    `### ${scenario.name}: ${scenario.title}`,
    '',
    grid(figureRows(scenario, samples)),
    '',
    ...(promises.length === 0 ? [] : [goalsTable(promises), '']),
    ...(scenario.notes ?? []).map((note) => `- ${note}`),
    '',
  ].join('\n');
}

/** Promises with what was measured, and whether they hold. */
export function goalsTable(promises: readonly Judged[]): string {
  return grid([['goal', 'measured', 'bound', ''], ...promises.map(goalRow)]);
}

function figureRows({ metrics, base = 'limit' }: Scenario, samples: Samples): string[][] {
  const units = Object.entries(metrics);
  const names = new Set(Object.values(samples).flatMap((byName) => Object.keys(byName)));
  const has = units.map(
    ([metric]) => samples[metric]?.[base]?.some((figure) => figure > 0) === true,
  );
  return [
    ['', ...units.flatMap(([, unit], i) => (has[i] ? [unit, `x ${base}`] : [unit]))],
    ...[...names].map((name) => [
      name,
      ...units.flatMap(([metric], i) => {
        const figures = samples[metric]?.[name] ?? [];
        const text = spreadText(figures);
        return has[i] ? [text, spreadText(ratios(figures, samples[metric]![base]!))] : [text];
      }),
    ]),
  ];
}

function goalRow({ name, value, low, high, bound, atLeast, holds }: Judged): string[] {
  return [
    name,
    value === null ? '–' : rangeText(value, low!, high!),
    `${atLeast ? '>=' : '<='} ${bound}`,
    holds === null ? 'could not be judged' : holds ? 'holds' : '**missed**',
  ];
}

function spreadText(samples: readonly number[]): string {
  if (samples.length === 0) return '–';
  const { median, low, high } = spreadOf(samples);
  return rangeText(median, low, high);
}

/** The median and where the middle half lies. */
function rangeText(median: number, low: number, high: number): string {
  const [a, b] = [numberText(low), numberText(high)];
  return a === b ? numberText(median) : `${numberText(median)} (${a}..${b})`;
}

/** Three digits that matter. */
function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** The first column to the left, the others to the right. */
function grid(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length), 3),
  );
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!),
    );
    return `| ${cells.join(' | ')} |`;
  };
  const rule = widths.map((width, i) => '-'.repeat(width - 1) + (i === 0 ? '-' : ':'));
  return [line(rows[0]!), `| ${rule.join(' | ')} |`, ...rows.slice(1).map(line)].join('\n');
}
