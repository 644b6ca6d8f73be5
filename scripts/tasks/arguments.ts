/**
 * What a task was asked for, as `read` makes it of the command line. Ends the process with 0 and `usage` where help is
 * asked for; and with 2 where something is wrong, since nothing was judged.
 */
export function argumentsOf<T>(task: string, usage: string, read: () => T): T {
  if (process.argv.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(usage);
    process.exit();
  }
  try {
    return read();
  } catch (error) {
    process.stderr.write(`${task}: ${(error as Error).message}\n\n${usage}`);
    return process.exit(2);
  }
}

/** @throws Error with the option, its range and what was given. */
export function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`${option} must be a whole number from ${min} to ${max}; got '${text}'`);
}

/** @throws Error with the option, what it takes and what was given. */
export function oneOf<T extends string>(option: string, text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new Error(`${option} takes one of: ${known.join(', ')}; got '${text}'`);
}
