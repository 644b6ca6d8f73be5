import type { AuditReport } from './audit.ts';
import type { Finding, Severity } from './finding.ts';

/** The severities from which on a finding may fail the audit. */
export const FAIL_ON = ['error', 'warning'] as const;
export type FailOn = (typeof FAIL_ON)[number];

/** What the audit promises: no finding that nobody accepts, of a severity that matters. */
export interface AuditPromise {
  readonly name: 'errors' | 'warnings' | 'infos';
  readonly value: number;
  /** null: as many as there are. */
  readonly bound: number | null;
  readonly holds: boolean;
}

/** Findings by severity, and those that the spec accepts. */
export function counts(
  findings: readonly Finding[],
): Readonly<Record<'errors' | 'warnings' | 'infos' | 'accepted', number>> {
  const open = findings.filter(({ accepted }) => accepted === null);
  const of = (severity: Severity): number =>
    open.filter((finding) => finding.severity === severity).length;
  return {
    errors: of('error'),
    warnings: of('warning'),
    infos: of('info'),
    accepted: findings.length - open.length,
  };
}

/** One promise for each severity; a severity that does not fail the audit is not bounded. */
export function promisesOf(
  findings: readonly Finding[],
  failOn: FailOn = 'error',
): readonly AuditPromise[] {
  const { errors, warnings, infos } = counts(findings);
  const promise = (name: AuditPromise['name'], value: number, bounded: boolean): AuditPromise => ({
    name,
    value,
    bound: bounded ? 0 : null,
    holds: !bounded || value === 0,
  });
  return [
    promise('errors', errors, true),
    promise('warnings', warnings, failOn === 'warning'),
    promise('infos', infos, false),
  ];
}

/** The report with its promises, as one object for machines. */
export function toJson(
  report: AuditReport,
  failOn: FailOn = 'error',
): AuditReport & { readonly promises: readonly AuditPromise[] } {
  return { ...report, promises: promisesOf(report.findings, failOn) };
}
