import type { FaultBand } from '../simulate/result.ts';

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A plot one line high: each column is the mean of its points, from 0 to `top`; empty where there are none. */
export function sparkline(values: readonly (number | null)[], width: number, top: number): string {
  const highest = BLOCKS.length - 1;
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width));
    const points = values.slice(from, to).filter((value) => value !== null);
    if (points.length === 0) return ' ';
    const mean = points.reduce((sum, value) => sum + value, 0) / points.length;
    const level = top > 0 ? Math.round((mean / top) * highest) : 0;
    return BLOCKS[Math.max(0, Math.min(highest, level))];
  })
    .join('')
    .trimEnd();
}

/** The line below: marks where a fault lasts, at least one column each. */
export function faultMarks(faults: readonly FaultBand[], duration: number, width: number): string {
  const columns = new Array<string>(width).fill(' ');
  for (const { from, to } of faults) {
    const first = Math.min(width - 1, Math.floor((from / duration) * width));
    const end = Math.max(first + 1, Math.ceil((to / duration) * width));
    columns.fill('▔', first, end);
  }
  return columns.join('').trimEnd();
}
