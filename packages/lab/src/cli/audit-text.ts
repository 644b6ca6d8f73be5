import { styleText } from 'node:util';
import type { AuditReport } from '../audit/audit.ts';
import type { Finding, Severity } from '../audit/finding.ts';
import { type PathNumbers, productText } from '../audit/graph.ts';
import { counts } from '../audit/promises.ts';
import { amount, ms } from '../audit/rules/rule.ts';
import { aligned, wrapped } from './text-table.ts';

/** How it is printed. */
export interface TextOptions {
  /** Whether severities and heads are coloured; not unless asked for. */
  readonly colours?: boolean;
  /** Where lines of explanation are broken; 100 unless given. */
  readonly columns?: number;
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** Findings of one rule, and rows of one table, that are shown: there may be a hundred thousand. */
const SHOWN = 50;
/** Of one rule, what is only to know: the names of a mesh that are outside of a spec may be many. */
const SHOWN_TO_KNOW = 10;

/**
 * The report for people. It has the first fifty findings of each rule (ten, if they are only to know), the
 * fifty largest rows of each table, and how many more there are. A rule says once why it matters, and each
 * fix once.
 */
export function auditText(given: AuditReport, options: TextOptions = {}): string {
  const { colours = false, columns = 100 } = options;
  const report = printable(given);
  const paint: Paint = colours
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
  const open = report.findings.filter(({ accepted }) => accepted === null);
  const accepted = report.findings.filter((finding) => finding.accepted !== null);
  const shown = firstOfEach(open);
  const said = new Set<string>();
  const parts = [
    ...shown.map((finding) => findingText(finding, said, columns, paint)),
    ...notShown(open, shown, columns),
    ...(accepted.length === 0 ? [] : [acceptedText(accepted, columns, paint)]),
    edgesText(report, columns, paint),
    nodesText(report, columns, paint),
    summary(report, columns, paint),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The report with each text in one line, without control characters: names of files may hold some. */
function printable(report: AuditReport): AuditReport {
  return JSON.parse(JSON.stringify(report), (_, value: unknown) =>
    typeof value === 'string'
      ? value.replaceAll(/[\t\r\n]+/g, ' ').replaceAll(/\p{Cc}/gu, '?')
      : value,
  ) as AuditReport;
}

/** `web > checkout > payments: 4 x 4 = 16`. */
function pathText(path: PathNumbers): string {
  const way = path.names.join(' > ');
  return path.factors.length === 0 ? way : `${way}: ${productText(path)}`;
}

const COLOURS = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

/** @param said what each rule has said so far; this adds to it. */
function findingText(finding: Finding, said: Set<string>, columns: number, paint: Paint): string {
  const { severity, rule, place, message, why, fix } = finding;
  const where = `${place.file}:${place.line}:${place.column}`;
  const unsaid = (text: string): readonly string[] => {
    const isNew = !said.has(`${rule} ${text}`);
    said.add(`${rule} ${text}`);
    return isNew ? indented(text, columns).split('\n') : [];
  };
  return [
    `${paint(COLOURS[severity], severity)} ${paint('bold', rule)} ${paint('dim', where)}`,
    indented(message, columns),
    ...unsaid(`Why: ${why}`).map((line) => paint('dim', line)),
    ...unsaid(`Fix: ${fix}`),
  ].join('\n');
}

function acceptedText(accepted: readonly Finding[], columns: number, paint: Paint): string {
  const shown = firstOfEach(accepted, SHOWN);
  const lines = shown.map(({ rule, at, accepted: because }) =>
    indented(`${rule} at ${at}: ${because}`, columns),
  );
  return [paint('bold', 'Accepted'), ...lines, ...notShown(accepted, shown, columns)].join('\n');
}

/** In their order, the first of each rule. */
function firstOfEach(findings: readonly Finding[], toKnow = SHOWN_TO_KNOW): readonly Finding[] {
  const seen = new Map<string, number>();
  return findings.filter(({ rule, severity }) => {
    const count = (seen.get(rule) ?? 0) + 1;
    seen.set(rule, count);
    return count <= (severity === 'info' ? toKnow : SHOWN);
  });
}

/** One paragraph on those that are not shown; none if all are. */
function notShown(
  findings: readonly Finding[],
  shown: readonly Finding[],
  columns: number,
): readonly string[] {
  const known = new Set(shown);
  const left = findings.filter((finding) => !known.has(finding));
  if (left.length === 0) return [];
  const more = [...Map.groupBy(left, ({ rule }) => rule)].map(
    ([rule, { length }]) => `${length} of ${rule}`,
  );
  const text = `Not shown: ${more.join(', ')}. All are there with \`--format json\`.`;
  return [wrapped(text, columns)];
}

function edgesText({ edges }: AuditReport, columns: number, paint: Paint): string {
  const rows = most(edges, ({ attempts }) => attempts).map((edge) => [
    edge.id,
    edge.layers.map(({ kind, attempts }) => `${kind} ${attempts}`).join(' x '),
    String(edge.attempts),
    String(edge.timeLimitedAttempts),
    amount(edge.sustained),
    edge.window === null ? 'none' : ms(edge.window),
  ]);
  const head = ['edge', 'layers', 'attempts', 'if all hang', 'sustained', 'time to answer'];
  const lines = [...table(head, rows, 2, columns), ...others(edges)];
  return [paint('bold', 'Requests for one call, at most'), ...lines].join('\n');
}

function nodesText({ nodes, total }: AuditReport, columns: number, paint: Paint): string {
  const rows = most(nodes, ({ requests }) => requests).map(
    ({ name, requests, timeLimitedRequests, sustained, sustainedInOutage }) => [
      name,
      String(requests),
      String(timeLimitedRequests),
      amount(sustained),
      amount(sustainedInOutage),
    ],
  );
  rows.push(['total', String(total.requests), String(total.timeLimitedRequests), '', '']);
  const head = ['service', 'requests', 'if all hang', 'sustained', 'in an outage'];
  const title = 'Requests for one request of a user, at most';
  return [paint('bold', title), ...table(head, rows, 1, columns), ...others(nodes)].join('\n');
}

/** All in their order; of too many those with the most, the greatest first. */
function most<T>(rows: readonly T[], of: (row: T) => number): readonly T[] {
  return rows.length <= SHOWN ? rows : rows.toSorted((a, b) => of(b) - of(a)).slice(0, SHOWN);
}

/** A line on those that `most` leaves out; none if it leaves none. */
function others({ length }: readonly unknown[]): readonly string[] {
  const more = length - SHOWN;
  return more <= 0
    ? []
    : [`  and ${more} more with numbers that are not higher; see \`--format json\``];
}

function summary(report: AuditReport, columns: number, paint: Paint): string {
  const { errors, warnings, infos, accepted } = counts(report.findings);
  const number = (count: number, what: string, severity: Severity): string =>
    count === 0
      ? `no ${what}s`
      : paint(COLOURS[severity], `${count} ${what}${count > 1 ? 's' : ''}`);
  const found = [
    number(errors, 'error', 'error'),
    number(warnings, 'warning', 'warning'),
    `${infos} to know`,
    `${accepted} accepted`,
  ];
  const first = report.findings.find((finding) => finding.accepted === null);
  const worst = wrapped(`Worst path: ${pathText(report.total.worstPath)}`, columns);
  return [
    worst.replace(/(?<=^Worst path:\s)[^]*/, (path) => paint('bold', path)),
    found.join(', '),
    ...(first === undefined ? [] : [`More on a rule: holdfast explain ${first.rule}`]),
  ].join('\n');
}

/**
 * The first `words` columns are to the left, numbers to the right. Where there is no room, heads are broken
 * in two lines; if that is not enough, the second column of words goes below its row.
 */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  words: number,
  columns: number,
): readonly string[] {
  const fits = (lines: readonly string[]): boolean =>
    lines.every(({ length }) => length <= columns);
  const lines = inLine([head, ...rows], words);
  if (fits(lines)) return lines;
  // Heads in two lines are narrower: no figure is as long as `time to answer`.
  const last = head.map((text) => text.slice(text.lastIndexOf(' ') + 1));
  const first = head.map((text, i) => text.slice(0, -last[i]!.length).trimEnd());
  const lower = inLine([first, last, ...rows], words);
  if (fits(lower) || words === 1) return lower;
  const [top = '', next = '', ...figures] = inLine(
    [first, last, ...rows].map((row) => row.toSpliced(1, 1)),
    1,
  );
  return [top, next, ...figures.flatMap((line, i) => [line, `    ${rows[i]![1]!}`])];
}

/** The first `words` columns to the left, as a paragraph is indented. */
function inLine(rows: readonly (readonly string[])[], words: number): readonly string[] {
  const left = Array.from({ length: words }, (_, column) => column);
  return aligned(rows, left).map((line) => `  ${line}`);
}

function indented(text: string, columns: number): string {
  return `  ${wrapped(text, columns - 2, '  ')}`;
}
