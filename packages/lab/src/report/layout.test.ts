import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layoutOf } from './layout.ts';

const arrow = (from: string, to: string) => ({ id: `${from} > ${to}`, from, to });

it('puts every callee to the right of its callers', () => {
  const { boxes } = layoutOf(
    ['leaf', 'root', 'middle'],
    [arrow('root', 'leaf'), arrow('root', 'middle'), arrow('middle', 'leaf')],
  );
  const x = (name: string) => boxes.find((box) => box.name === name)!.x;
  expect(x('root')).toBeLessThan(x('middle'));
  expect(x('middle')).toBeLessThan(x('leaf'));
});

it('draws a cycle rather than going round for ever', () => {
  const { boxes, links } = layoutOf(
    ['a', 'b'],
    [arrow('a', 'b'), arrow('b', 'a'), arrow('a', 'a')],
  );
  expect(boxes).toHaveLength(2);
  expect(links).toHaveLength(3);
});

it('lets no box cover another, and keeps all inside of the picture', () => {
  const name = fc.integer({ min: 0, max: 9 }).map((index) => `s${index}`);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, name), { selector: String, maxLength: 20 }),
      (pairs) => {
        const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
        const { boxes, links, width, height } = layoutOf(
          names,
          pairs.map(([a, b]) => arrow(a, b)),
        );
        expect(links).toHaveLength(pairs.length);
        for (const [at, one] of boxes.entries()) {
          expect(one.x + one.width).toBeLessThanOrEqual(width);
          expect(one.y + one.height).toBeLessThanOrEqual(height);
          for (const other of boxes.slice(at + 1)) {
            const apart = one.x !== other.x || Math.abs(one.y - other.y) >= one.height;
            expect(apart, `${one.name} and ${other.name}`).toBe(true);
          }
        }
      },
    ),
  );
});
