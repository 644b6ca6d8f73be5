/**
 * How a command that has judged something ends: 0 if all of it holds, 1 if something does not, 2 if
 * something could not be judged. What could not even be tried is an error, which is 2 as well.
 */
export interface Outcome {
  code: 0 | 1 | 2;
}
