import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

import { type Json, placeOf, reportOf } from '../../test/cases.ts';
import { fleetOf } from '../spec/fleet.ts';
import { loadFleet } from '../spec/load.ts';
import type { Edge } from '../spec/model.ts';
import { audit, type AuditReport } from './audit.ts';
import type { Finding } from './finding.ts';
import { promisesOf, toJson } from './promises.ts';

/** How often the audit of so many callers of one service asks the call of the first who makes it. */
function asksAmong(size: number): number {
  const callers = Array.from({ length: size }, (_, i) => [`s${i}`, { calls: [{ to: 'db' }] }]);
  const fleet = fleetOf({ services: { ...Object.fromEntries(callers), db: {} } });
  const [[call]] = fleet.services.get('s0')!.stages as [[Edge]];
  let asks = 0;
  Object.defineProperty(call, 'from', {
    get: () => {
      asks += 1;
      return 's0';
    },
  });
  audit(fleet, { placeOf });
  return asks;
}

/** How often the audit of a chain of so many services asks its first one for what it calls. */
function looksAt(size: number): number {
  const calls = (i: number): Json[] => (i + 1 < size ? [{ to: `s${i + 1}` }] : []);
  const remembering = { idempotency: {} };
  const services = Object.fromEntries(
    Array.from({ length: size }, (_, i) => [`s${i}`, { ...remembering, calls: calls(i) }]),
  );
  const fleet = fleetOf({ name: 'chain', services });
  const first = fleet.services.get('s0')!;
  const { stages } = first;
  let looks = 0;
  Object.defineProperty(first, 'stages', {
    get: () => {
      looks += 1;
      return stages;
    },
  });
  audit(fleet, { placeOf });
  return looks;
}

const rulesOf = ({ findings }: AuditReport): readonly string[] => findings.map(({ rule }) => rule);

async function example(name: string): Promise<AuditReport> {
  const file = fileURLToPath(new URL(`../../../../examples/audit/${name}`, import.meta.url));
  const loaded = await loadFleet(file);
  return audit(loaded.fleet, loaded);
}

describe('findings', () => {
  test('are sorted by severity, then by place', () => {
    const read: Finding = {
      ...(reportOf().findings[0] as Finding),
      rule: 'invalid-mesh-config',
      place: { file: 'a.yaml', line: 9, column: 1, path: [] },
    };
    expect(rulesOf(reportOf([], [read]))).toEqual([
      'invalid-mesh-config',
      'liveness-asks-dependency',
      'no-jitter',
    ]);
  });

  test('are accepted with a reason, at one place or everywhere', () => {
    const because = 'a single caller';
    for (const at of [{ at: 'web > stock' }, {}]) {
      const report = reportOf([{ rule: 'no-jitter', because, ...at }]);
      expect(report.findings.map(({ accepted }) => accepted)).toEqual([null, because]);
    }
  });

  test('include an accept that accepts nothing', () => {
    const report = reportOf([{ rule: 'no-jitter', at: 'stock', because: 'misplaced' }]);
    const finding = report.findings.find(({ rule }) => rule === 'accept-without-finding');
    expect(finding).toMatchObject({ severity: 'warning', at: 'stock', accepted: null });
    expect(finding?.place.path).toEqual(['accept', 0]);
    expect(rulesOf(report)).toContain('no-jitter');
  });
});

describe('an accept that accepts nothing', () => {
  test('of a rule that there is not says so, and what may be meant', () => {
    const { findings } = reportOf([{ rule: 'no-jiter', because: 'a single caller' }]);
    const vain = findings.find(({ rule }) => rule === 'accept-without-finding');
    expect(vain?.message).toBe(
      'There is no rule "no-jiter", so there is nothing to accept; did you mean \'no-jitter\'?',
    );
    const mesh = reportOf([{ rule: 'grpc-clamped', because: 'raised' }]).findings;
    expect(mesh.map(({ message }) => message)).toContain(
      'grpc-clamped finds nothing anywhere, so there is nothing to accept',
    );
  });

  const vain = { rule: 'no-jitter', at: 'stock', because: 'comes and goes' };
  const own = { rule: 'accept-without-finding', because: 'the mesh is read in CI only' };

  test('can be accepted itself, by another one', () => {
    const found = reportOf([vain, { ...own, at: 'stock' }]).findings;
    const finding = found.filter(({ rule }) => rule === own.rule);
    expect(finding).toEqual([expect.objectContaining({ at: 'stock', accepted: own.because })]);
  });

  test('is found even if it is one for such', () => {
    const found = reportOf([own]).findings.filter(({ rule }) => rule === own.rule);
    expect(found.map(({ accepted, place }) => [accepted, place.path])).toEqual([
      [null, ['accept', 0]],
    ]);
  });
});

const holds = (found: readonly Finding[], failOn?: 'warning'): readonly boolean[] =>
  promisesOf(found, failOn).map((promise) => promise.holds);

describe('promises', () => {
  test('errors always, warnings if asked; what is accepted does not count', () => {
    const { findings } = reportOf();
    expect(holds(findings)).toEqual([false, true, true]);
    expect(holds(findings, 'warning')).toEqual([false, false, true]);
    const accepted = reportOf([{ rule: 'liveness-asks-dependency', because: 'a restart helps' }]);
    expect(holds(accepted.findings)).toEqual([true, true, true]);
    expect(promisesOf(findings)[0]).toEqual({ name: 'errors', value: 1, bound: 0, holds: false });
  });

  test('are in the JSON, which is the same after a round', () => {
    const json = toJson(reportOf());
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    expect(Object.keys(json)).toEqual(
      expect.arrayContaining(['findings', 'edges', 'nodes', 'total', 'promises']),
    );
  });
});

describe('the examples', () => {
  test('clean.yaml is clean', async () => {
    expect((await example('clean.yaml')).findings).toEqual([]);
  });

  test('small-clients.yaml of the gallery has floors that add up, as its page says', async () => {
    const { findings } = await example('../scenarios/small-clients.yaml');
    expect(findings).toEqual([
      expect.objectContaining({ rule: 'budget-floors-add-up', at: 'ledger', value: 2000 }),
    ]);
  });

  test('shop.yaml multiplies to 64, and says in which line', async () => {
    const report = await example('shop.yaml');
    expect(report.total.worstPath).toMatchObject({ factors: [4, 4, 4], product: 64 });
    const finding = report.findings.find(({ rule }) => rule === 'retries-multiply');
    expect(finding).toMatchObject({ severity: 'error', value: 64, at: 'checkout > payments' });
    expect(finding?.place.line).toBeGreaterThan(1);
    expect(report.findings.filter(({ accepted }) => accepted !== null)).toHaveLength(1);
    expect(rulesOf(report)).not.toContain('accept-without-finding');
  });
});

test('looks at a service as often in a large fleet as in a small one', () => {
  expect(looksAt(5)).toBeGreaterThan(0);
  expect(looksAt(50)).toBe(looksAt(5));
});

test('looks at a call as often beside many callers that nobody calls as beside a few', () => {
  expect(asksAmong(5)).toBeGreaterThan(0);
  expect(asksAmong(50)).toBe(asksAmong(5));
});

test('what is no fleet, and an audit that knows no places, are refused by name', () => {
  const fleet = fleetOf({ services: { a: {} } });
  for (const wrong of [undefined, 'holdfast.yaml', { services: {} }, { fleet }]) {
    expect(() => audit(wrong as never, { placeOf })).toThrow(
      /^audit: the first argument must be a fleet, as fleetOf\(\) makes it/,
    );
  }
  for (const options of [undefined, null, {}, { placeOf: {} }]) {
    expect(() => audit(fleet, options as never)).toThrow(
      "audit: the second argument must be { placeOf }, as loadFleet()'s answer has it",
    );
  }
});
