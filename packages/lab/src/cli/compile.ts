import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { compileSpec } from '../spec/compile.ts';
import { SpecError } from '../spec/fleet.ts';
import { loadFleet } from '../spec/load.ts';
import { writeError } from './write.ts';

/** `holdfast compile [holdfast.yaml] [--out file]`: the spec as JSON, for `holdfast/spec`. */
export function addCompile(program: Command): void {
  program
    .command('compile')
    .description('write the spec as plain JSON, for services to run')
    .argument('[spec]', 'the spec, YAML or JSON', 'holdfast.yaml')
    .option('--out <file>', 'write to this file in place of stdout')
    .action(async (spec: string, { out }: { readonly out?: string }, command: Command) => {
      const json = await compiled(spec, command);
      if (out === undefined) {
        command.configureOutput().writeOut?.(json);
        return;
      }
      try {
        await writeFile(out, json);
      } catch (error) {
        command.error(`error: ${writeError(error, out)}`, { exitCode: 1 });
      }
    });
}

async function compiled(spec: string, command: Command): Promise<string> {
  try {
    const { fleet } = await loadFleet(spec);
    return `${JSON.stringify(compileSpec(fleet), null, 2)}\n`;
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return command.error(error.message, { exitCode: 1 });
  }
}
