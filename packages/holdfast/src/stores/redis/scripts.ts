import { createHash } from 'node:crypto';
import { texts } from './texts.ts';

/** A Lua script that Redis runs as one atomic step. */
export interface Script {
  readonly text: string;
  /** By which Redis knows it once it has run. */
  readonly sha: string;
}

/** The steps of the port. Each touches the one key that it is given. */
export const scripts = {
  claim: scriptOf(texts['claim.lua']),
  extend: scriptOf(texts['extend.lua']),
  checkpoint: scriptOf(texts['checkpoint.lua']),
  complete: scriptOf(texts['complete.lua']),
  release: scriptOf(texts['release.lua']),
} as const;

function scriptOf(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
