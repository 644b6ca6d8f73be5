import { describe, expect, test } from 'vitest';

import { layer as plain } from '../../test/cases.ts';
import { fleetOf } from '../spec/fleet.ts';
import { audit, type AuditReport } from './audit.ts';
import type { Layer } from './layers.ts';
import type { Place } from './finding.ts';

type Json = Record<string, unknown>;

const place: Place = { file: 'spec.yaml', line: 1, column: 1, path: [] };

/** A chain of services, each of which calls the next under this policy, and users under it as well. */
function chain(names: readonly string[], policy: Json, users: Json = {}): Json {
  const services = Object.fromEntries(
    names.map((name, i) => [
      name,
      names[i + 1] === undefined ? {} : { calls: [{ to: names[i + 1], policy, keyed: true }] },
    ]),
  );
  return {
    name: 'chain',
    services,
    users: { shoppers: { to: names[0], rate: 10, policy, patience: '10m', ...users } },
  };
}

function numbersOf(spec: Json, layers: readonly Layer[] = []): AuditReport {
  return audit(fleetOf(spec), { layers, placeOf: () => place });
}

function node(report: AuditReport, name: string): AuditReport['nodes'][number] {
  return report.nodes.find((one) => one.name === name) as AuditReport['nodes'][number];
}

function edge(report: AuditReport, id: string): AuditReport['edges'][number] {
  return report.edges.find((one) => one.id === id) as AuditReport['edges'][number];
}

const layer = (given: Partial<Layer>): Layer =>
  plain({ from: null, to: 'leaf', maxAttempts: 3, retryOn: ['5xx'], place, ...given });

const four = { retry: { maxAttempts: 4, budget: false } };

describe('the worst case', () => {
  test('three hops of four attempts send 64 requests to the last service, 84 in all', () => {
    const report = numbersOf(chain(['web', 'checkout', 'payments'], four));
    expect(report.nodes.map(({ requests }) => requests)).toEqual([4, 16, 64]);
    expect(report.total.requests).toBe(84);
    expect(report.total.worstPath).toEqual({
      names: ['shoppers', 'web', 'checkout', 'payments'],
      factors: [4, 4, 4],
      product: 64,
    });
  });

  test('layers of one edge multiply, whatever their order in the files', () => {
    const layers = [
      layer({ kind: 'inbound', maxAttempts: 2 }),
      layer({ kind: 'sidecar', from: 'web', maxAttempts: 3 }),
      layer({ kind: 'grpc', from: 'web', maxAttempts: 5 }),
      layer({ kind: 'grpc', from: 'somebody else', maxAttempts: 5 }),
    ];
    const report = numbersOf(chain(['web', 'leaf'], four, { policy: 'none' }), layers);
    expect(edge(report, 'web > leaf').layers).toEqual([
      { kind: 'library', attempts: 4 },
      { kind: 'grpc', attempts: 5 },
      { kind: 'sidecar', attempts: 3 },
      { kind: 'inbound', attempts: 2 },
    ]);
    expect(edge(report, 'web > leaf').attempts).toBe(120);
    expect(edge(report, 'shoppers > web').attempts).toBe(1);
  });

  test('a second call of the same service has a policy of its own, and what is between them', () => {
    const calls = [
      { to: 'leaf', policy: four },
      { to: 'leaf', policy: 'none' },
    ];
    const report = numbersOf(
      { services: { web: { calls }, leaf: {} }, users: { shoppers: { to: 'web', rate: 10 } } },
      [layer({ from: 'web' }), layer({ kind: 'grpc', edge: 'web > leaf (2)', maxAttempts: 2 })],
    );
    expect(edge(report, 'web > leaf').attempts).toBe(12);
    expect(edge(report, 'web > leaf (2)').attempts).toBe(6);
    expect(node(report, 'leaf').requests).toBe(18);
  });

  test('a service with several callers gets the sum, and a call counts as often as it is made', () => {
    const none = { policy: 'none' };
    const report = numbersOf({
      name: 'diamond',
      services: {
        db: {},
        web: {
          calls: [
            { to: 'a', ...none },
            { to: 'b', times: 3, ...none },
          ],
        },
        a: { calls: [{ to: 'db', times: 2, policy: { retry: { maxAttempts: 3 } } }] },
        b: { calls: [{ to: 'db', times: 0.1, policy: { retry: { maxAttempts: 2 } } }] },
      },
      users: { shoppers: { to: 'web', rate: 10 }, robots: { to: 'a', rate: 10 } },
    });
    // a: 2 calls of 3 attempts; b, called 3 times: perhaps a call each of 2 attempts.
    expect(node(report, 'db').requests).toBe(2 * 3 + 3 * 2);
    // Both ways by a multiply by 6: the shorter is told.
    expect(node(report, 'db').worstPath.names).toEqual(['robots', 'a', 'db']);
    // Of two kinds of users, the one whose request makes more: web 1, a 1, b 3, db 12.
    expect(report.total.requests).toBe(17);
    // 2 x 1.1 + 3 x 0.1 x 1.1 of 2.3: every way is amplified by a tenth.
    expect(node(report, 'db').sustained).toBeCloseTo(1.1, 12);
  });

  test('more than a number can hold is the greatest number', () => {
    const names = Array.from({ length: 60 }, (_, i) => `s${i}`);
    const report = numbersOf(chain(names, { retry: { maxAttempts: 1_000_000, budget: false } }));
    expect(report.total.requests).toBe(Number.MAX_VALUE);
    expect(JSON.stringify(report)).not.toContain('"requests":null');
    expect(report.findings.map(({ message }) => message).join()).not.toMatch(/NaN|Infinity/);
  });

  test('without users a request begins where nobody calls', () => {
    const { users: _users, ...spec } = chain(['web', 'leaf'], four);
    const report = numbersOf(spec);
    expect(report.nodes.map(({ requests }) => requests)).toEqual([1, 4]);
    expect(report.total.worstPath.names).toEqual(['web', 'leaf']);
  });
});

const budget = (options: Json): Json => ({
  retry: { maxAttempts: 4, budget: { ratio: 0.1, ...options } },
});

describe('in the long run', () => {
  test('three budgets of a tenth let 1.331 through', () => {
    const report = numbersOf(chain(['a', 'b', 'c'], budget({ earnedBy: 'call' })));
    expect(node(report, 'c').sustained).toBeCloseTo(1.331, 12);
    expect(node(report, 'c').sustainedInOutage).toBeCloseTo(1.331, 12);
  });

  test('a budget that successes earn is empty in an outage', () => {
    const report = numbersOf(chain(['a', 'b', 'c'], budget({ earnedBy: 'success' })));
    expect(node(report, 'c').sustained).toBeCloseTo(1.331, 12);
    expect(node(report, 'c').sustainedInOutage).toBe(1);
  });

  test('a cap per minute bounds what the ratio comes to, for each process', () => {
    const capped = budget({ ratio: 0.5, capPerMinute: 60, earnedBy: 'call' });
    const fleet = chain(['web', 'leaf'], capped, { policy: 'none', rate: 10 });
    // One retry a second on ten calls a second.
    expect(edge(numbersOf(fleet), 'web > leaf').sustained).toBeCloseTo(1.1, 12);
    const idle = chain(['web', 'leaf'], capped, { policy: 'none', rate: 1 });
    expect(edge(numbersOf(idle), 'web > leaf').sustained).toBeCloseTo(1.5, 12);
  });

  test('no budget and a budget beyond the attempts let all attempts through', () => {
    expect(node(numbersOf(chain(['a', 'b'], four)), 'b').sustained).toBe(16);
    expect(node(numbersOf(chain(['a', 'b'], budget({ ratio: 10 }))), 'b').sustained).toBe(16);
  });

  test('throttling by successes, as gRPC has it, lets nothing through either', () => {
    const layers = [layer({ kind: 'grpc', extraShare: 0.2, earnedBySuccess: true })];
    const report = numbersOf(chain(['web', 'leaf'], { retry: false }, { policy: 'none' }), layers);
    expect(edge(report, 'web > leaf')).toMatchObject({ sustained: 1.2, sustainedInOutage: 1 });
  });

  test("a mesh's share counts as it is", () => {
    const layers = [layer({ from: 'web', extraShare: 0.25 })];
    const report = numbersOf(chain(['web', 'leaf'], {}, { policy: 'none' }), layers);
    expect(edge(report, 'web > leaf').sustained).toBeCloseTo(1.1 * 1.25, 12);
    expect(edge(report, 'web > leaf').sustainedInOutage).toBe(1.25);
  });
});

/** Attempts on the one edge when everything hangs. */
const alone = (policy: Json, layers: readonly Layer[] = [], users: Json = {}): number =>
  edge(
    numbersOf(chain(['web', 'leaf'], policy, { policy: 'none', ...users }), layers),
    'web > leaf',
  ).timeLimitedAttempts;

/** Three copies of a call, so many milliseconds apart. */
function hedged(wait: number, timeout: number): Layer {
  return layer({ kind: 'grpc', hedges: true, backoff: () => wait, timeout, perTry: timeout });
}

describe('when everything hangs', () => {
  test('only so many attempts begin as the deadline lets', () => {
    const retry = { maxAttempts: 4, backoff: { base: '500ms', kind: 'constant' } };
    // They begin at 0, 2.5, 5 and 7.5 s.
    expect(alone({ timeout: '2s', deadline: '6s', retry })).toBe(3);
    expect(alone({ timeout: '2s', deadline: '5s', retry })).toBe(2);
    expect(alone({ timeout: '2s', deadline: '10s', retry })).toBe(4);
    expect(alone({ timeout: '2s', deadline: false, retry })).toBe(4);
  });

  test('the users’ patience and a deadline that is handed down bound what is further in', () => {
    const policy = {
      timeout: '1s',
      deadline: '10s',
      retry: { maxAttempts: 4, backoff: { base: 0 } },
    };
    expect(alone(policy)).toBe(4);
    // 2050 ms less a reserve of a twentieth: a third one would begin at 2 s.
    expect(alone(policy, [], { patience: '2050ms' })).toBe(2);
    expect(alone(policy, [], { patience: '2500ms' })).toBe(3);
    expect(alone({ ...policy, deadline: false }, [], { patience: '2500ms' })).toBe(4);
  });

  test("a layer's tries have to share what the layer outside leaves for one of its own", () => {
    const sidecar = layer({ from: 'web', maxAttempts: 3, perTry: 400, timeout: 5000 });
    // Each of the library's two attempts of 1 s has room for three beginnings: at 0, 400 and 800 ms.
    expect(alone({ retry: { maxAttempts: 2 } }, [sidecar])).toBe(6);
    expect(alone({ timeout: '700ms', retry: { maxAttempts: 2 } }, [sidecar])).toBe(4);
  });

  test('a hung attempt without a limit is the only one', () => {
    expect(alone({ timeout: false, retry: { maxAttempts: 4 } })).toBe(1);
  });

  test('hedges are sent while those before them hang, as long as there is time', () => {
    expect(alone({ retry: false, timeout: '2s' }, [hedged(100, 1000)])).toBe(3);
    expect(alone({ retry: false, timeout: '2s' }, [hedged(100, Infinity)])).toBe(3);
    // The third would be sent after 1.2 s.
    expect(alone({ retry: false, timeout: '2s' }, [hedged(600, 1000)])).toBe(2);
    expect(alone({ retry: { maxAttempts: 2 }, timeout: '2s' }, [hedged(100, 1000)])).toBe(6);
  });

  test('the time to answer is the least of the limits of an edge', () => {
    const report = numbersOf(chain(['web', 'leaf'], { timeout: '2s' }), [
      layer({ from: 'web', maxAttempts: 1, timeout: 1500 }),
    ]);
    expect(edge(report, 'web > leaf').window).toBe(1500);
    expect(edge(report, 'shoppers > web').window).toBe(2000);
  });
});
