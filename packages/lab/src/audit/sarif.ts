import { isAbsolute, relative } from 'node:path';

import type { Finding, Severity } from './finding.ts';

const LEVELS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/**
 * Findings in SARIF 2.1.0 (OASIS), which code hosts show beside the lines that they are about. What
 * the spec accepts is there as well, suppressed with its reason.
 *
 * @param root the folder that files are named from; the working directory if not given.
 */
export function toSarif(
  report: { readonly findings: readonly Finding[] },
  root = process.cwd(),
): object {
  const rules = [...new Map(report.findings.map((finding) => [finding.rule, finding])).values()];
  const indices = new Map(rules.map(({ rule }, i) => [rule, i]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'holdfast audit', rules: rules.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: report.findings.map((finding) => ({
          ...resultOf(finding, root),
          ruleIndex: indices.get(finding.rule)!,
        })),
      },
    ],
  };
}

/** `helpUri` has to be absolute, and the docs lie wherever the package does: the page is named in the help. */
function ruleOf({ rule, why }: Finding): object {
  const page = `docs/audit/${rule}.md`;
  return {
    id: rule,
    shortDescription: { text: why },
    help: {
      text: `${why} How to fix or accept it: ${page}.`,
      markdown: `${why} [How to fix or accept it](${page}).`,
    },
    properties: { page },
  };
}

function resultOf(finding: Finding, root: string): object {
  const { rule, severity, message, fix, at, place, value, accepted } = finding;
  return {
    ruleId: rule,
    level: LEVELS[severity],
    message: { text: `${message}. ${fix}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(place.file, root) },
          region: { startLine: place.line, startColumn: place.column },
        },
        logicalLocations: [{ fullyQualifiedName: at }],
      },
    ],
    // Lines move; the rule and what it is about stay, so that hosts know a finding again.
    partialFingerprints: { 'holdfast/v1': `${rule}:${at}` },
    // SARIF takes a missing list for "not known", an empty one for "not suppressed".
    suppressions: accepted === null ? [] : [{ kind: 'external', justification: accepted }],
    properties: { value },
  };
}

/** Relative to `root` where that is possible, with what a URI does not bear encoded. */
function uriOf(file: string, root: string): string {
  const path = isAbsolute(file) ? relative(root, file) : file;
  return encodeURI(path.replaceAll('\\', '/').replace(/^(?:\.\/)+/, ''))
    .replaceAll('?', '%3F')
    .replaceAll('#', '%23');
}
