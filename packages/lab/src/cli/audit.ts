import { access, constants } from 'node:fs/promises';
import { type Command, Option } from 'commander';

import { audit, type AuditReport } from '../audit/audit.ts';
import { readGrpc } from '../audit/grpc.ts';
import { readIstio } from '../audit/istio.ts';
import type { LayersRead } from '../audit/layers.ts';
import { toSarif } from '../audit/sarif.ts';
import { toText } from '../audit/text.ts';
import { FAIL_ON, type FailOn, promisesOf, toJson } from '../audit/verdict.ts';
import { SpecError } from '../spec/fleet.ts';
import { loadFleet } from '../spec/load.ts';
import type { Fleet } from '../spec/model.ts';

/** How a command ended: 0 for well, 1 for a promise that does not hold, 2 for what could not be judged. */
export interface Outcome {
  code: number;
}

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
    .option('--istio <path>', 'Istio resources: a YAML file, or a folder of them')
    .option('--grpc <file>', 'a gRPC service config, JSON')
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['text', 'json', 'sarif'])
        .default('text'),
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 from this severity on')
        .choices(FAIL_ON)
        .default('error'),
    )
    .action(async (spec: string, options: Options, command: Command) => {
      const { writeOut, writeErr, getOutHasColors } = command.configureOutput();
      try {
        const report = await auditOf(spec, options);
        const colours = getOutHasColors?.() ?? false;
        writeOut?.(printed(report, options, colours));
        const kept = promisesOf(report.findings, options.failOn).every(({ holds }) => holds);
        outcome.code = kept ? 0 : 1;
      } catch (error) {
        if (!(error instanceof SpecError)) throw error;
        writeErr?.(`${error.message}\n`);
        outcome.code = 2;
      }
    });
}

async function auditOf(spec: string, { istio, grpc }: Options): Promise<AuditReport> {
  const { fleet, placeOf } = await loadFleet(spec);
  for (const path of [istio, grpc]) if (path !== undefined) await mustBeThere(path);
  const read = await readAll(fleet, istio, grpc);
  return audit(fleet, {
    layers: read.flatMap(({ layers }) => layers),
    findings: read.flatMap(({ findings }) => findings),
    placeOf,
  });
}

/** What is wrong inside of files is a finding; without the files there is nothing to judge. */
async function mustBeThere(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch {
    throw new SpecError([{ path: [], message: `${path} does not exist or may not be read` }]);
  }
}

async function readAll(
  fleet: Fleet,
  istio: string | undefined,
  grpc: string | undefined,
): Promise<readonly LayersRead[]> {
  return Promise.all([
    ...(istio === undefined ? [] : [readIstio(istio, fleet)]),
    ...(grpc === undefined ? [] : [readGrpc(grpc, fleet)]),
  ]);
}

function printed(report: AuditReport, { format, failOn }: Options, colours: boolean): string {
  switch (format) {
    case 'text':
      return toText(report, { colours });
    case 'json':
      return `${JSON.stringify(toJson(report, failOn))}\n`;
    case 'sarif':
      return `${JSON.stringify(toSarif(report), null, 2)}\n`;
  }
}
