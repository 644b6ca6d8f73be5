import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Schema, Validator } from '@cfworker/json-schema';
import { describe, expect, it } from 'vitest';

import { holdfast } from '../../test/command.ts';
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

const schema = await readFile(
  new URL('../../test/sarif/sarif-2.1.0.schema.json', import.meta.url),
  'utf8',
);
const validator = new Validator(JSON.parse(schema) as Schema, '4', false);

/** What is wrong with it by the standard's own schema. */
function wrong(log: unknown): readonly string[] {
  return validator.validate(log).errors.map((one) => `${one.instanceLocation} ${one.error}`);
}

interface Log {
  readonly runs: readonly [
    {
      readonly invocations: readonly [
        {
          readonly executionSuccessful: boolean;
          readonly toolExecutionNotifications: readonly {
            readonly level: string;
            readonly message: { readonly text: string };
          }[];
        },
      ];
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
  expect(wrong(written)).toEqual([]);
  return (written as Log).runs[0];
}

function uri(file: string): string {
  const { results } = run({ ...finding, place: { ...finding.place, file } });
  return results[0]!.locations[0].physicalLocation.artifactLocation.uri;
}

const many = (rule: string, size: number, given: Partial<Finding> = {}): Finding[] =>
  Array.from({ length: size }, () => ({ ...finding, rule, ...given }));

describe('SARIF', () => {
  it('is valid without findings', () => {
    expect(run()).toMatchObject({ tool: { driver: { rules: [] } }, results: [] });
  });

  it('is valid for the whole of an audit', async () => {
    const examples = fileURLToPath(new URL('../../../../examples/audit/', import.meta.url));
    const files = ['shop.yaml', '--istio', 'istio', '--grpc', 'grpc.json'].map((word) =>
      word.startsWith('--') ? word : examples + word,
    );
    const { out } = await holdfast('audit', ...files, '--format', 'sarif');
    const log = JSON.parse(out) as Log;
    expect(log.runs[0].results.length).toBeGreaterThan(20);
    expect(wrong(log)).toEqual([]);
  });

  it('would be found out if it were not', () => {
    const { results } = run(finding);
    const driver = { name: 'x' };
    const of = (result: object) => ({
      version: '2.1.0',
      runs: [{ tool: { driver }, results: [result] }],
    });
    expect(wrong(of(results[0]!))).toEqual([]);
    expect(wrong(of({ ...results[0], level: 'info' })).join()).toContain('level');
    expect(wrong(of({ ...results[0], line: 7 })).join()).toContain('line');
    expect(wrong({ ...of(results[0]!), version: '2.0.0' }).join()).toContain('version');
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
        text: 'Nobody has decided on it. How to fix or accept it: npx holdfast explain grpc-clamped',
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
    // What stands before a colon would be a scheme.
    expect(uri('prod:v1.yaml')).toBe('prod%3Av1.yaml');
    expect(uri('istio\\a.yaml')).toBe('istio/a.yaml');
  });

  it('knows a finding again whose line has moved', () => {
    const [a, b] = run(finding, { ...finding, place: { ...finding.place, line: 90 } }).results;
    expect(a?.partialFingerprints).toEqual(b?.partialFingerprints);
  });

  it('has the five thousand that count most, and says how many it leaves out', () => {
    const accepted = many('accepted-one', 2, { accepted: 'agreed' });
    const most = run(...accepted, ...many('no-jitter', 4998));
    expect(most.results).toHaveLength(5000);
    expect(most.invocations[0]).toEqual({
      executionSuccessful: true,
      toolExecutionNotifications: [],
    });
    const { results, tool, invocations } = run(
      ...accepted,
      ...many('no-jitter', 4999),
      ...many('equal-jitter', 3),
    );
    expect(results).toHaveLength(5000);
    expect(results.map(({ ruleId }) => ruleId)).not.toContain('accepted-one');
    expect(tool.driver.rules.map(({ id }) => id)).toEqual(['no-jitter', 'equal-jitter']);
    expect(invocations[0].toolExecutionNotifications).toEqual([
      {
        level: 'warning',
        message: {
          text: '4 findings are left out, since code hosts show 5000 of a run: 2 of equal-jitter, 2 of accepted-one. All are there with --format json.',
        },
      },
    ]);
  });
});
