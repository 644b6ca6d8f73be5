import type { Command } from 'commander';
import { compileSpec } from '../spec/compile.ts';
import { loadFleet } from '../spec/load.ts';
import { asGiven, once } from './once.ts';
import { mustBeWritable, write } from './write.ts';

/** `holdfast compile [holdfast.yaml] [--out file]`: the spec as JSON, for `holdfast/spec`. */
export function addCompile(program: Command): void {
  program
    .command('compile')
    .description('write the spec as plain JSON, for services to run')
    .argument('[spec]', 'the spec, YAML or JSON', 'holdfast.yaml')
    .option('--out <file>', 'write to this file in place of stdout', once(asGiven))
    .action(async (spec: string, { out }: { readonly out?: string }, command: Command) => {
      const { fleet } = await loadFleet(spec);
      const json = `${JSON.stringify(compileSpec(fleet), null, 2)}\n`;
      if (out === undefined) command.configureOutput().writeOut?.(json);
      else {
        await mustBeWritable(out, spec);
        await write(out, json);
      }
    });
}
