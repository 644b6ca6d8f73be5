import { show } from '../../core/options.ts';

/**
 * Refuses what is neither text nor bytes, as Node does: taken for a list of bytes, other arrays would be sent as
 * others than they are.
 *
 * @throws TypeError, of Node's own code.
 */
export function checkPiece(piece: unknown): asserts piece is string | Uint8Array {
  if (typeof piece === 'string' || piece instanceof Uint8Array) return;
  const message = `what is written of a body must be text or bytes, got ${show(piece)}`;
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}
