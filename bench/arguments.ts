/**
 * What a bench was asked for, as `read` makes it of the command line. Prints `usage` and ends the process where that
 * is asked for; and where something is wrong, with 2, since nothing was judged.
 */
export function argumentsOf<T>(command: string, usage: string, read: () => T): T {
  if (process.argv.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(usage);
    process.exit();
  }
  try {
    return read();
  } catch (error) {
    process.stderr.write(`${command}: ${(error as Error).message}\n\n${usage}`);
    return process.exit(2);
  }
}

/** @throws Error with the option, its range and what was given. */
export function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${option} must be a whole number from ${min} to ${max}; got '${text}'`);
}
