import { InvalidArgumentError, Option } from 'commander';

/**
 * A parser for an option that is taken once: otherwise the last one would count, and the others be left
 * out without a word. To be made for each command line, since it remembers.
 */
export function once<T>(parse: (text: string) => T): (text: string) => T {
  let given = false;
  return (text) => {
    if (given) throw new InvalidArgumentError('The option is there a second time: one is taken.');
    given = true;
    return parse(text);
  };
}

/** An option that is one of these, the first unless it is given. */
export function choice(flags: string, description: string, choices: readonly string[]): Option {
  const option = new Option(flags, description).choices(choices).default(choices[0]);
  const parse = option.parseArg!;
  return option.argParser(once((text) => parse<unknown>(text, undefined)));
}

/** For an option that is a text. */
export function asGiven(text: string): string {
  return text;
}
