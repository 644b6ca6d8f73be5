import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { initSpec } from '../spec/init.ts';
import { writeError } from './write.ts';

/** `holdfast init [file]`: a commented spec to start from. */
export function addInit(program: Command): void {
  program
    .command('init')
    .description('write a commented spec to start from')
    .argument('[file]', 'where to write it; nothing is overwritten', 'holdfast.yaml')
    .action(async (file: string, _options: unknown, command: Command) => {
      try {
        await writeFile(file, initSpec(), { flag: 'wx' });
      } catch (error) {
        command.error(`error: ${writeError(error, file)}`, { exitCode: 1 });
      }
      command.configureOutput().writeOut?.(`${file} is there. Next: holdfast audit ${file}\n`);
    });
}
