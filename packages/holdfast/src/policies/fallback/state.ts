/** The last good answers, by what was asked: bounded in number and age. Told the time, never reads it. */
export class LastGood {
  readonly #maxAge: number;
  readonly #maxEntries: number;
  readonly #answers = new Map<string, { readonly value: unknown; readonly at: number }>();

  constructor(maxAge: number, maxEntries: number) {
    this.#maxAge = maxAge;
    this.#maxEntries = maxEntries;
  }

  store(key: string, value: unknown, now: number): void {
    // Deleted first, so that the map is in the order of storing, oldest first.
    this.#answers.delete(key);
    this.#answers.set(key, { value, at: now });
    if (this.#answers.size > this.#maxEntries) {
      this.#answers.delete(this.#answers.keys().next().value!);
    }
  }

  /** The answer, if there is one that is not too old. */
  find(key: string, now: number): { readonly value: unknown } | null {
    const answer = this.#answers.get(key);
    if (answer === undefined) return null;
    if (now - answer.at <= this.#maxAge) return answer;
    this.#answers.delete(key);
    return null;
  }
}
