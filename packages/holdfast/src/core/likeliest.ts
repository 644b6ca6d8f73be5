/** A hint for a misspelt word: "did you mean …?" with the nearest of the known ones; all of them if none is near. */
export function likeliest(word: string, known: readonly string[]): string {
  let near: string | undefined;
  // No more than two letters are wrong, and no more than half of them.
  let least = Math.min(2, Math.floor(word.length / 2)) + 1;
  for (const name of known) {
    const wrong = distance(name.toLowerCase(), word.toLowerCase());
    if (wrong < least) [near, least] = [name, wrong];
  }
  return near === undefined ? `known are ${known.join(', ')}` : `did you mean '${near}'?`;
}

/** Levenshtein's distance, for hints. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
