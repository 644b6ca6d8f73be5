import type { Idempotency, Settled, Settlement } from '../../idempotency/idempotency.ts';
import { show } from '../../core/options.ts';
import { checkNames } from '../../idempotency/checks.ts';
import { encodeFound } from './kept-answer.ts';
import { scopeOf } from './scope.ts';

/** The key of a request, by what it is made of. */
export interface HttpKey {
  /** As it was sent, without the quotes of a structured field. */
  readonly key: string;
  /** In capitals. */
  readonly method: string;
  /** The route's template, `/orders/:id`, where the framework tells; else the path. Without query. */
  readonly route: string;
  /** Whose key it is, where the options have a `tenant`: what that answered. */
  readonly tenant?: string | undefined;
}

/**
 * Settles a request whose outcome is unknown: `Idempotency.settle` for keys of HTTP. What was done is an answer, as
 * `reconcile` gives it: of `status`, `headers` and `body`; anything else is the body of a 200.
 *
 * ```ts
 * const request = { key: 'order-7', method: 'POST', route: '/charge' };
 * await settle(engine, request, { outcome: 'done', result: { status: 201, body: { receipt: 7 } } });
 * ```
 *
 * @param engine the one of the middleware, or another of the same name on the same store.
 * @throws (the promise rejects) as `Idempotency.settle` does; TypeError for a header that cannot be sent, or a body that cannot be kept.
 */
export async function settle(
  engine: Idempotency,
  request: HttpKey,
  outcome: Settlement,
): Promise<Settled> {
  checkRequest(request);
  const { key, method, route, tenant } = request;
  return engine.settle(key, outcome, {
    scope: scopeOf(method, route, tenant),
    encode: encodeFound,
  });
}

/** With another method, say, another key would be asked for, which nobody has. */
function checkRequest(request: HttpKey): void {
  checkNames('settle', request, ['key', 'method', 'route', 'tenant']);
  const { method, route, tenant } = request;
  const texts = tenant === undefined ? { method, route } : { method, route, tenant };
  for (const [name, given] of Object.entries(texts)) {
    if (typeof given === 'string' && given !== '') continue;
    throw new TypeError(`settle.${name} must be a non-empty string, got ${show(given)}`);
  }
  if (method !== method.toUpperCase()) {
    throw new TypeError(`settle.method must be in capitals, got ${show(method)}`);
  }
}
