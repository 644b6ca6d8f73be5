import { describe, expect, test } from 'vitest';
import { fleetOf, SpecError } from './fleet.ts';
import { readSpec } from './load.ts';

const services = {
  web: { calls: [{ together: [{ to: 'stock' }, { to: 'mail' }] }] },
  stock: { calls: [{ to: 'db' }] },
  mail: {},
  db: {},
};
const withFault = (fault: object): object => ({
  services,
  users: { shoppers: { to: 'web', rate: 1 }, staff: { to: 'stock', rate: 1 } },
  scenarios: { s: { faults: [{ from: '20s', for: '5s', ...fault }] } },
});

function problemsOf(fault: object): SpecError['problems'] {
  try {
    fleetOf(withFault(fault));
    return [];
  } catch (error) {
    if (error instanceof SpecError) return error.problems;
    throw error;
  }
}

describe('a partition', () => {
  test.each([
    [
      'services on both sides, some of which call in either direction',
      { partition: ['web', 'db'], and: ['stock', 'mail'] },
    ],
    ['users on either side', { partition: ['shoppers', 'stock'], and: ['staff', 'web'] }],
    ['one name for a group', { partition: 'web', and: 'mail' }],
    ['who is called before who calls', { partition: 'db', and: ['stock'] }],
  ])('takes %s', (_, fault) => {
    expect(problemsOf(fault)).toEqual([]);
    const [parsed] = fleetOf(withFault(fault)).scenarios.get('s')!.faults;
    expect(parsed).toEqual({
      kind: 'partition',
      groups: [[fault.partition].flat(), [fault.and].flat()],
      from: 20_000,
      to: 25_000,
      path: ['scenarios', 's', 'faults', 0],
    });
  });

  const range = 'the name of a service or users, or a list of 1 to 100 of them';
  test.each<[object, string, string]>([
    [
      { partition: ['web', 'mail'], and: ['db', 'mail'] },
      'and',
      'must name others than `partition`, and mail is in both',
    ],
    [
      { partition: 'web', and: ['db', 'staff'] },
      'and',
      'must call somebody in `partition`, or be called from there; nobody does',
    ],
    [{ partition: 'shoppers', and: 'staff' }, 'and', 'must call somebody in `partition`'],
    [{ partition: 'web' }, 'and', `is missing: ${range}`],
    [{ partition: 7, and: 'web' }, 'partition', `must be ${range}, got 7`],
    [{ partition: [], and: 'web' }, 'partition', 'must be a list of 1 to 100'],
    [{ partition: 'web', and: [] }, 'and', 'must be a list of 1 to 100'],
    [{ partition: 'web', and: ['stok'] }, 'and[0]', "there is no 'stok', did you mean 'stock'?"],
    [{ partition: 'wep', and: ['stock'] }, 'partition', "there is no 'wep', did you mean 'web'?"],
    [
      { partition: 'stock', callers: ['web'] },
      'callers',
      'must be written as `and`: a partition is between two groups, `partition` and `and`, in both directions',
    ],
  ])('is not %j', (fault, where, message) => {
    const [problem, ...more] = problemsOf(fault);
    expect(problem?.message).toContain(`scenarios.s.faults[0].${where} `);
    expect(problem?.message).toContain(message);
    expect(more).toEqual([]);
  });

  test.each([
    ['callers: [web]', 'callers', '4:38'],
    ['and: [mail]', 'and', '4:38'],
    ['and: [web, [stock]]', 'and', '4:49'],
  ])('has its mistake with a place: %s', (rest, key, place) => {
    const text = `scenarios:\n  s:\n    faults:\n      - { for: 5s, partition: stock, ${rest} }\n`;
    const { spec, placeOf } = readSpec(text, 'f.yaml');
    const { scenarios } = spec as { scenarios: { s: { faults: object[] } } };
    const [problem] = problemsOf(scenarios.s.faults[0]!);
    expect(problem!.path).toEqual(expect.arrayContaining(['faults', 0, key]));
    const { line, column } = placeOf(problem!.path);
    expect(`${line}:${column}`).toBe(place);
  });
});
