import { InvalidArgumentError } from 'commander';

/**
 * A parser for an option of which one is taken: of several the last would be, and the others left out
 * without a word.
 *
 * @param initial its default, which is no option that somebody gave.
 */
export function once<T>(
  parse: (text: string) => T,
  initial?: T,
): (text: string, before: T | undefined) => T {
  return (text, before) => {
    if (before === initial) return parse(text);
    throw new InvalidArgumentError('The option is there a second time: one is taken.');
  };
}

/** For an option that is a text. */
export function asGiven(text: string): string {
  return text;
}
