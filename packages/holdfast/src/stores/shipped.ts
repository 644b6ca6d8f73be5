import { readFileSync } from 'node:fs';

/**
 * The text of a store's file, which the package ships in `src` alone: that lies as far from `dist` as from here.
 *
 * @throws Error in an application's bundle, which holds this code and no such file.
 */
export function shipped(path: string): string {
  try {
    return readFileSync(new URL(`../../src/stores/${path}`, import.meta.url), 'utf8');
  } catch (cause) {
    const advice = 'keep holdfast out of bundles, as an external package in node_modules';
    throw new Error(`holdfast reads its file ${path}, which is not beside its code: ${advice}`, {
      cause,
    });
  }
}
