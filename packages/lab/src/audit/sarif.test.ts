import { describe, expect, it } from 'vitest';

import type { Finding } from './finding.ts';
import { toSarif } from './sarif.ts';

const finding: Finding = {
  rule: 'istio-default-retries',
  severity: 'warning',
  message: 'No retries are stated for payments',
  why: 'Nobody has decided on it.',
  fix: 'State them.',
  at: 'payments',
  place: { file: 'istio/payments.yaml', line: 7, column: 3, path: [] },
  value: 9,
  accepted: null,
};

/** Says what is wrong with a value; nothing if it is as it should be. */
type Check = (value: unknown, path: string) => readonly string[];

/** Strict where SARIF is: what the 2.1.0 schema demands of the parts that are written, and nothing beside them. */
const text = matching(/[^]/);
const line = where((value) => Number.isInteger(value) && (value as number) >= 1);
const bag = where((value) => typeof value === 'object' && value !== null);
const message = closed({ text, markdown: text }, ['text']);
const location = closed({
  physicalLocation: closed({
    // A relative reference: no scheme, no backslash, nothing that has to be encoded.
    artifactLocation: closed({ uri: matching(/^(?![A-Za-z]:)[\w./~!$&'()*+,;=:@%-]+$/) }),
    region: closed({ startLine: line, startColumn: line }),
  }),
  logicalLocations: list(closed({ fullyQualifiedName: text })),
});
const result = closed({
  ruleId: text,
  ruleIndex: where(Number.isInteger),
  level: matching(/^(none|note|warning|error)$/),
  message,
  locations: list(location),
  partialFingerprints: closed({ 'holdfast/v1': text }),
  suppressions: list(closed({ kind: matching(/^(inSource|external)$/), justification: text })),
  properties: bag,
});
const rule = closed({ id: text, shortDescription: message, help: message, properties: bag }, [
  'id',
]);
const log = closed({
  $schema: matching(/^https:\/\//),
  version: matching(/^2\.1\.0$/),
  runs: list(
    closed({
      tool: closed({ driver: closed({ name: text, rules: list(rule) }) }),
      columnKind: matching(/^(utf16CodeUnits|unicodeCodePoints)$/),
      results: list(result),
    }),
  ),
});

function where(good: (value: unknown) => boolean): Check {
  return (value, path) => (good(value) ? [] : [`${path} is ${JSON.stringify(value)}`]);
}

function matching(pattern: RegExp): Check {
  return where((value) => typeof value === 'string' && pattern.test(value));
}

function list(item: Check): Check {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((one: unknown, i) => item(one, `${path}[${i}]`))
      : [`${path} is no list`];
}

function closed(
  known: Readonly<Record<string, Check>>,
  required: readonly string[] = Object.keys(known),
): Check {
  return (value, path) => {
    if (typeof value !== 'object' || value === null) return [`${path} is no object`];
    const missing = required.filter((key) => !Object.hasOwn(value, key));
    return [
      ...missing.map((key) => `${path}.${key} is missing`),
      ...Object.entries(value).flatMap(
        ([key, one]) => known[key]?.(one, `${path}.${key}`) ?? [`${path}.${key} is not known`],
      ),
    ];
  };
}

interface Log {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly results: readonly {
        readonly ruleId: string;
        readonly ruleIndex: number;
        readonly level: string;
        readonly locations: readonly [
          { readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } } },
        ];
        readonly suppressions: readonly object[];
        readonly partialFingerprints: object;
      }[];
    },
  ];
}

function run(...findings: Finding[]): Log['runs'][0] {
  const written: unknown = JSON.parse(JSON.stringify(toSarif({ findings }, '/srv/shop')));
  expect(log(written, 'log')).toEqual([]);
  return (written as Log).runs[0];
}

function uri(file: string): string {
  const { results } = run({ ...finding, place: { ...finding.place, file } });
  return results[0]!.locations[0].physicalLocation.artifactLocation.uri;
}

describe('SARIF', () => {
  it('is valid without findings', () => {
    expect(run()).toMatchObject({ tool: { driver: { rules: [] } }, results: [] });
  });

  it('says each finding with its level, place and message', () => {
    const { results } = run(
      finding,
      { ...finding, severity: 'error' },
      { ...finding, severity: 'info' },
    );
    expect(results.map(({ level }) => level)).toEqual(['warning', 'error', 'note']);
    expect(results[0]).toMatchObject({
      ruleId: 'istio-default-retries',
      message: { text: 'No retries are stated for payments. State them.' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'istio/payments.yaml' },
            region: { startLine: 7, startColumn: 3 },
          },
        },
      ],
    });
  });

  it('lists each rule once, and results point to theirs', () => {
    const other = { ...finding, rule: 'grpc-clamped' };
    const { tool, results } = run(finding, other, { ...finding, at: 'stock' });
    expect(tool.driver.rules.map(({ id }) => id)).toEqual([
      'istio-default-retries',
      'grpc-clamped',
    ]);
    for (const { ruleId, ruleIndex } of results)
      expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(tool.driver.rules[1]).toMatchObject({
      shortDescription: { text: 'Nobody has decided on it.' },
      help: {
        text: 'Nobody has decided on it. How to fix or accept it: docs/audit/grpc-clamped.md.',
      },
    });
  });

  it('suppresses what is accepted, with the reason, and nothing else', () => {
    const { results } = run({ ...finding, accepted: 'agreed with the mesh team' }, finding);
    expect(results.map(({ suppressions }) => suppressions)).toEqual([
      [{ kind: 'external', justification: 'agreed with the mesh team' }],
      [],
    ]);
  });

  it('names files from the root, as URIs', () => {
    expect(uri('/srv/shop/istio/a.yaml')).toBe('istio/a.yaml');
    expect(uri('./istio/a.yaml')).toBe('istio/a.yaml');
    expect(uri('/srv/mesh/a.yaml')).toBe('../mesh/a.yaml');
    expect(uri('istio files/#1?.yaml')).toBe('istio%20files/%231%3F.yaml');
    expect(uri('istio\\a.yaml')).toBe('istio/a.yaml');
  });

  it('knows a finding again whose line has moved', () => {
    const [a, b] = run(finding, { ...finding, place: { ...finding.place, line: 90 } }).results;
    expect(a?.partialFingerprints).toEqual(b?.partialFingerprints);
  });
});
