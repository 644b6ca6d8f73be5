import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CountWindow } from './count-window.ts';

const FLAGS = [0, 1, 2];

test('a count window counts as a list of the last outcomes would', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.oneof(fc.integer({ min: 0, max: 7 }), fc.constant('clear')), { maxLength: 60 }),
      (size, run) => {
        const window = new CountWindow(size);
        let model: number[] = [];
        for (const step of run) {
          if (typeof step === 'number') {
            window.add(step);
            model = [...model, step].slice(-size);
          } else {
            window.clear();
            model = [];
          }
          expect(window.count).toBe(model.length);
          for (const flag of FLAGS) {
            const expected = model.filter((flags) => (flags & (1 << flag)) !== 0).length;
            expect(window.total(flag)).toBe(expected);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});
