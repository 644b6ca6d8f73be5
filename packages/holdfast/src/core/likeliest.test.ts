import { expect, test } from 'vitest';
import { likeliest } from './likeliest.ts';

test.each([
  ['windwo', ['kind', 'window', 'windowCalls'], 'window'],
  ['RETRY', ['timeout', 'retry'], 'retry'],
  ['dbb', ['web', 'db'], 'db'],
  ['stocks', ['stores', 'stock'], 'stock'],
])('of what is near %s, the nearest is meant: %j', (word, known, meant) => {
  expect(likeliest(word, known)).toBe(`did you mean '${meant}'?`);
});

test.each([
  ['payments', ['stock', 'web']],
  ['dbb', ['web']],
  ['x', ['db']],
])('where nothing is near %s, all that is known is told: %j', (word, known) => {
  expect(likeliest(word, known)).toBe(`known are ${known.join(', ')}`);
});
