import type { Command } from 'commander';

import { audit, type AuditReport } from '../audit/audit.ts';
import type { Place } from '../audit/finding.ts';
import { readGrpc } from '../audit/grpc.ts';
import { readIstio } from '../audit/istio.ts';
import type { LayersRead } from '../audit/layers.ts';
import { toSarif } from '../audit/sarif.ts';
import { FAIL_ON, type FailOn, promisesOf, toJson } from '../audit/promises.ts';
import { loadFleet } from '../spec/load.ts';
import type { Fleet, SpecPath } from '../spec/model.ts';
import { auditText, type TextOptions } from './audit-text.ts';
import { columnsOf } from './columns.ts';
import { asGiven, choice, once } from './once.ts';
import type { Outcome } from './outcome.ts';

interface Options {
  readonly istio?: string;
  readonly grpc?: string;
  readonly format: 'text' | 'json' | 'sarif';
  readonly failOn: FailOn;
}

/** `holdfast audit [holdfast.yaml]`: what is wrong with a fleet's policies, before it happens. */
export function addAudit(program: Command, outcome: Outcome): void {
  program
    .command('audit')
    .description(
      'find what is wrong with retries, timeouts, breakers and limits, along the call graph',
    )
    .argument('[spec]', 'the spec, YAML or JSON', 'holdfast.yaml')
    .option(
      '--istio <path>',
      'Istio resources and routes of the Gateway API: a YAML file, or a folder of them',
      once(asGiven),
    )
    .option('--grpc <file>', 'a gRPC service config, JSON', once(asGiven))
    .addOption(choice('--format <format>', 'how to print it', ['text', 'json', 'sarif']))
    .addOption(choice('--fail-on <severity>', 'exit with 1 from this severity on', FAIL_ON))
    .action(async (spec: string, options: Options, command: Command) => {
      const { writeOut, getOutHasColors } = command.configureOutput();
      const report = await auditOf(spec, options);
      const look = { colours: getOutHasColors?.() ?? false, columns: columnsOf(command) };
      writeOut?.(printed(report, options, look));
      const kept = promisesOf(report.findings, options.failOn).every(({ holds }) => holds);
      outcome.code = kept ? 0 : 1;
    });
}

async function auditOf(spec: string, { istio, grpc }: Options): Promise<AuditReport> {
  const { fleet, placeOf } = await loadFleet(spec);
  const read = await readAll(fleet, placeOf, istio, grpc);
  return audit(fleet, {
    layers: read.flatMap(({ layers }) => layers),
    findings: read.flatMap(({ findings }) => findings),
    placeOf,
  });
}

/** @throws Error with a line for everything that cannot be read, in whichever file. */
async function readAll(
  fleet: Fleet,
  placeOf: (path: SpecPath) => Place,
  istio: string | undefined,
  grpc: string | undefined,
): Promise<readonly LayersRead[]> {
  const reading = [
    ...(istio === undefined ? [] : [readIstio(istio, fleet, placeOf)]),
    ...(grpc === undefined ? [] : [readGrpc(grpc, fleet)]),
  ];
  const settled = await Promise.allSettled(reading);
  const unread = settled
    .filter((one) => one.status === 'rejected')
    .map(({ reason }) => (reason as Error).message);
  if (unread.length > 0) throw new Error(unread.join('\n'));
  return Promise.all(reading);
}

function printed(report: AuditReport, { format, failOn }: Options, look: TextOptions): string {
  switch (format) {
    case 'text':
      return auditText(report, look);
    case 'json':
      return `${JSON.stringify(toJson(report, failOn))}\n`;
    case 'sarif':
      return `${JSON.stringify(toSarif(report), null, 2)}\n`;
  }
}
