import { describe, expect, test } from 'vitest';
import { reportOf } from '../../test/cases.ts';
import type { Finding } from '../audit/finding.ts';
import { toJson } from '../audit/promises.ts';
import { toSarif } from '../audit/sarif.ts';
import { auditText } from './audit-text.ts';

describe('the text of an audit', () => {
  test('says place, rule, message, why and fix, and sums up', () => {
    const text = auditText(reportOf([{ rule: 'no-jitter', because: 'a single caller' }]));
    expect(text).toContain('error liveness-asks-dependency spec.yaml:1:1\n  The liveness probe');
    expect(text).toContain('Accepted\n  no-jitter at web > stock: a single caller');
    expect(text).toContain('Worst path: shoppers > web > stock: 1 x 3 = 3\n');
    expect(text).toContain(
      '1 error, no warnings, 0 to know, 1 accepted\nMore on a rule: holdfast explain liveness-asks-dependency\n',
    );
    const calm = auditText(reportOf([{ rule: 'liveness-asks-dependency', because: 'it heals' }]));
    expect(calm).toContain('More on a rule: holdfast explain no-jitter\n');
    expect(text).not.toContain('\u001B');
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  test('holds nothing that a terminal obeys, whatever names a file has', () => {
    const one = { ...(reportOf().findings[0] as Finding), message: 'a\u001B[2Jb\nc is no field' };
    const file = 'mesh\u009B2J.yaml';
    const read = { ...one, rule: 'grpc-invalid', at: file, place: { ...one.place, file } };
    const text = auditText(reportOf([], [read]));
    expect(text).toContain('error grpc-invalid mesh?2J.yaml:1:1\n  a?[2Jb c is no field\n');
    const because = 'a draft\n\u0007 of mine';
    expect(auditText(reportOf([{ rule: 'grpc-invalid', because }], [read]))).toContain(
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
    const text = auditText({ ...report, edges, nodes });
    expect(text.match(/^ {2}web > s\d+ .*$/gm)).toHaveLength(50);
    expect(text).toContain('  web > s10 ');
    expect(text).not.toContain('  web > s9 ');
    expect(text.match(/^ {2}s\d+ .*$/gm)).toHaveLength(50);
    const more = '\n  and 10 more with numbers that are not higher; see `--format json`\n';
    expect(text.split(more)).toHaveLength(3);
    const few = auditText({ ...report, edges: edges.slice(0, 50), nodes: nodes.slice(0, 50) });
    expect(few).toContain('  web > s0 ');
    expect(few).not.toContain('with numbers that are not higher');
  });

  test('has fifty findings of each rule, and the number of the others; JSON and SARIF have more', () => {
    const [one] = reportOf().findings as [Finding];
    const many = (rule: string, size: number): Finding[] =>
      Array.from({ length: size }, (_, i) => ({ ...one, rule, message: `${rule} ${i}.` }));
    const read = [...many('invalid-mesh-config', 53), ...many('grpc-invalid', 51)];
    const report = reportOf([], read);
    const text = auditText(report);
    expect(text.match(/^ {2}invalid-mesh-config \d+\.$/gm)).toHaveLength(50);
    expect(text.match(/^ {2}grpc-invalid \d+\.$/gm)).toHaveLength(50);
    expect(text).toContain('\nNot shown: 1 of grpc-invalid, 3 of invalid-mesh-config. ');
    expect(text).toContain('105 errors');
    expect(auditText(reportOf([], read.slice(0, 50)))).not.toContain('Not shown');
    const because = 'they are drafts';
    const accepted = auditText(
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
    const text = auditText(reportOf([], read));
    expect(text.match(/^ {2}Host \d+\.$/gm)).toHaveLength(10);
    expect(text.match(/^ {2}Why: It is so\.$/gm)).toHaveLength(1);
    expect(text.match(/^ {2}Fix: (The same|Another)\.$/gm)).toHaveLength(2);
    expect(text).toContain('  Host 0.\n  Why: It is so.\n  Fix: The same.\n\ninfo');
    expect(text).toContain('  Host 3.\n  Fix: Another.\n\ninfo');
    expect(text).toContain('\nNot shown: 4 of mesh-name-unmatched. ');
    expect(text).toContain('14 to know');
  });

  test('has colours if asked', () => {
    expect(auditText(reportOf(), { colours: true })).toContain('\u001B[31merror\u001B[39m');
  });
});
