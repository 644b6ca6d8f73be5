import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

import { fleetOf } from '../spec/fleet.ts';
import { loadFleet } from '../spec/load.ts';
import type { SpecPath } from '../spec/model.ts';
import { audit, type AuditReport } from './audit.ts';
import type { Finding, Place } from './finding.ts';
import { toSarif } from './sarif.ts';
import { toText } from './text.ts';
import { promisesOf, toJson } from './promises.ts';

type Json = Record<string, unknown>;

const placeOf = (path: SpecPath): Place => ({ file: 'spec.yaml', line: 1, column: 1, path });

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

/** One error (a probe) and one warning (no jitter). */
function reportOf(accept: readonly Json[] = [], findings: readonly Finding[] = []): AuditReport {
  const fleet = fleetOf({
    name: 'two',
    services: {
      web: {
        livenessAsks: ['stock'],
        calls: [{ to: 'stock', policy: { retry: { backoff: { jitter: 'none' } } } }],
      },
      stock: {},
    },
    users: { shoppers: { to: 'web', rate: 20 } },
    accept,
  });
  return audit(fleet, { placeOf, findings });
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
      'There is no rule "no-jiter" whose findings to accept; did you mean \'no-jitter\'?',
    );
    const mesh = reportOf([{ rule: 'grpc-clamped', because: 'raised' }]).findings;
    expect(mesh.map(({ message }) => message)).toContain(
      'Nothing is found by grpc-clamped anywhere, so there is nothing to accept',
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

describe('the text', () => {
  test('says place, rule, message, why and fix, and sums up', () => {
    const text = toText(reportOf([{ rule: 'no-jitter', because: 'a single caller' }]));
    expect(text).toContain('error liveness-asks-dependency spec.yaml:1:1\n  The liveness probe');
    expect(text).toContain('Accepted\n  no-jitter at web > stock: a single caller');
    expect(text).toContain('Worst path: shoppers > web > stock: 1 x 3 = 3\n');
    expect(text).toContain(
      '1 error, no warnings, 0 to know, 1 accepted\nMore on a rule: holdfast explain liveness-asks-dependency\n',
    );
    const calm = toText(reportOf([{ rule: 'liveness-asks-dependency', because: 'it heals' }]));
    expect(calm).toContain('More on a rule: holdfast explain no-jitter\n');
    expect(text).not.toContain('\u001B');
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  test('holds nothing that a terminal obeys, whatever names a file has', () => {
    const one = { ...(reportOf().findings[0] as Finding), message: 'a\u001B[2Jb\nc is no field' };
    const file = 'mesh\u009B2J.yaml';
    const read = { ...one, rule: 'grpc-invalid', at: file, place: { ...one.place, file } };
    const text = toText(reportOf([], [read]));
    expect(text).toContain('error grpc-invalid mesh?2J.yaml:1:1\n  a?[2Jb c is no field\n');
    const because = 'a draft\n\u0007 of mine';
    expect(toText(reportOf([{ rule: 'grpc-invalid', because }], [read]))).toContain(
      '\n  grpc-invalid at mesh?2J.yaml: a draft ? of mine\n',
    );
  });

  test('has fifty rows of each table, those with the most, and the number of the others', () => {
    const report = reportOf();
    const edges = Array.from({ length: 60 }, (_, i) => ({
      ...report.edges[0]!,
      id: `web > s${i}`,
      attempts: i,
    }));
    const nodes = edges.map(({ attempts }, i) => ({
      ...report.nodes[0]!,
      name: `s${i}`,
      requests: attempts,
    }));
    const text = toText({ ...report, edges, nodes });
    expect(text.match(/^ {2}web > s\d+ .*$/gm)).toHaveLength(50);
    expect(text).toContain('  web > s10 ');
    expect(text).not.toContain('  web > s9 ');
    expect(text.match(/^ {2}s\d+ .*$/gm)).toHaveLength(50);
    const more = '\n  and 10 with no more than these, see `--format json`\n';
    expect(text.split(more)).toHaveLength(3);
    const few = toText({ ...report, edges: edges.slice(0, 50), nodes: nodes.slice(0, 50) });
    expect(few).toContain('  web > s0 ');
    expect(few).not.toContain('with no more than these');
  });

  test('has fifty findings of each rule, and the number of the others; JSON and SARIF have more', () => {
    const [one] = reportOf().findings as [Finding];
    const many = (rule: string, size: number): Finding[] =>
      Array.from({ length: size }, (_, i) => ({ ...one, rule, message: `${rule} ${i}.` }));
    const read = [...many('invalid-mesh-config', 53), ...many('grpc-invalid', 51)];
    const report = reportOf([], read);
    const text = toText(report);
    expect(text.match(/^ {2}invalid-mesh-config \d+\.$/gm)).toHaveLength(50);
    expect(text.match(/^ {2}grpc-invalid \d+\.$/gm)).toHaveLength(50);
    expect(text).toContain('\nNot shown: 1 of grpc-invalid, 3 of invalid-mesh-config. ');
    expect(text).toContain('105 errors');
    expect(toText(reportOf([], read.slice(0, 50)))).not.toContain('Not shown');
    const because = 'they are drafts';
    const accepted = toText(
      reportOf([{ rule: 'invalid-mesh-config', because }], read.slice(0, 53)),
    );
    expect(accepted.match(/^ {2}invalid-mesh-config at .*: they are drafts$/gm)).toHaveLength(50);
    expect(accepted).toContain('\nNot shown: 3 of invalid-mesh-config.');
    expect(toJson(report).findings).toHaveLength(106);
    const { runs } = toSarif(report) as { runs: { results: unknown[] }[] };
    expect(runs[0]?.results).toHaveLength(106);
  });

  test('says why of a rule once, a fix again only where it differs, and tells ten of what is to know', () => {
    const [one] = reportOf().findings as [Finding];
    const read = Array.from({ length: 14 }, (_, i): Finding => {
      const [fix, severity] = [i === 3 ? 'Another.' : 'The same.', 'info'] as const;
      const rule = 'mesh-name-unmatched';
      return { ...one, rule, severity, message: `Host ${i}.`, why: 'It is so.', fix };
    });
    const text = toText(reportOf([], read));
    expect(text.match(/^ {2}Host \d+\.$/gm)).toHaveLength(10);
    expect(text.match(/^ {2}Why: It is so\.$/gm)).toHaveLength(1);
    expect(text.match(/^ {2}Fix: (The same|Another)\.$/gm)).toHaveLength(2);
    expect(text).toContain('  Host 0.\n  Why: It is so.\n  Fix: The same.\n\ninfo');
    expect(text).toContain('  Host 3.\n  Fix: Another.\n\ninfo');
    expect(text).toContain('\nNot shown: 4 of mesh-name-unmatched. ');
    expect(text).toContain('14 to know');
  });

  test('has colours if asked', () => {
    expect(toText(reportOf(), { colours: true })).toContain('\u001B[31merror\u001B[39m');
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
