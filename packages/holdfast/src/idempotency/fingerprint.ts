import { canonicalJson } from './canonical-json.ts';
import { sha256 } from './hash.ts';

/**
 * The fingerprint of what is asked for: equal for equal payloads, 43 characters. Bytes are taken as they are,
 * all else as JSON in which neither the order of keys nor white space matters. A fingerprint is
 * what stores keep, never the payload.
 *
 * @throws TypeError for what is neither bytes nor JSON, or nested deeper than 100 levels.
 */
export function fingerprintOf(payload: unknown): string {
  return sha256(canonicalJson(payload));
}
