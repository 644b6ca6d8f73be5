import type { Command } from 'commander';

/** Longer lines are hard to read, also where there is room for them. */
const MOST = 100;

/** Columns of the terminal that a command writes to; null where there is none, or none that knows. */
export function terminalColumns(command: Command): number | null {
  const columns = command.configureOutput().getOutHelpWidth?.() ?? 0;
  return columns > 0 ? columns : null;
}

/** Columns that text may have: the terminal's, a hundred at most, and a hundred where there is none. */
export function columnsOf(command: Command): number {
  return Math.min(MOST, terminalColumns(command) ?? MOST);
}
