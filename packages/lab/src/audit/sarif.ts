import { isAbsolute, relative } from 'node:path';

import type { Finding, Severity } from './finding.ts';

const LEVELS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/** GitHub shows so many results of a run, and refuses a file with some times as many. */
const MAX_RESULTS = 5000;

/**
 * Findings in SARIF 2.1.0 (OASIS), which code hosts show beside the lines that they are about. What
 * the spec accepts is there as well, suppressed with its reason. Of more than 5000 findings those
 * that count most are there, and a notification of the run says how many are left out.
 *
 * @param root the folder that files are named from; the working directory if not given.
 */
export function toSarif(
  report: { readonly findings: readonly Finding[] },
  root = process.cwd(),
): object {
  const { shown, leftOut } = bounded(report.findings);
  const rules = [...new Map(shown.map((finding) => [finding.rule, finding])).values()];
  const indices = new Map(rules.map(({ rule }, i) => [rule, i]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'holdfast audit', rules: rules.map(ruleOf) } },
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: leftOut.length === 0 ? [] : [notified(leftOut)],
          },
        ],
        columnKind: 'utf16CodeUnits',
        results: shown.map((finding) => ({
          ...resultOf(finding, root),
          ruleIndex: indices.get(finding.rule)!,
        })),
      },
    ],
  };
}

interface Bounded {
  readonly shown: readonly Finding[];
  readonly leftOut: readonly Finding[];
}

/** The first in their order, which is the serious ones; what the spec accepts only where there is room. */
function bounded(findings: readonly Finding[]): Bounded {
  const open = findings.filter(({ accepted }) => accepted === null);
  const accepted = findings.filter((finding) => finding.accepted !== null);
  const leftOut = new Set([...open, ...accepted].slice(MAX_RESULTS));
  return { shown: findings.filter((finding) => !leftOut.has(finding)), leftOut: [...leftOut] };
}

function notified(leftOut: readonly Finding[]): object {
  const each = [...Map.groupBy(leftOut, ({ rule }) => rule)].map(
    ([rule, { length }]) => `${length} of ${rule}`,
  );
  const text = `${leftOut.length} findings are left out, since code hosts show ${MAX_RESULTS} of a run: ${each.join(', ')}. All are there with --format json.`;
  return { level: 'warning', message: { text } };
}

/** `helpUri` has to be absolute, and the pages lie wherever the package does: a command prints them. */
function ruleOf({ rule, why }: Finding): object {
  const command = `npx holdfast explain ${rule}`;
  return {
    id: rule,
    shortDescription: { text: why },
    help: {
      text: `${why} How to fix or accept it: ${command}`,
      markdown: `${why} How to fix or accept it: \`${command}\``,
    },
    // Of the package holdfast-lab, and of its repository.
    properties: { page: `docs/audit/${rule}.md` },
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

/** Relative to `root` where that is possible, with what a URI does not bear there encoded. */
function uriOf(file: string, root: string): string {
  const path = isAbsolute(file) ? relative(root, file) : file;
  return encodeURI(path.replaceAll('\\', '/').replace(/^(?:\.\/)+/, ''))
    .replaceAll('?', '%3F')
    .replaceAll('#', '%23')
    .replaceAll(':', '%3A');
}
