/** The peers' ways, set up alike: three attempts, five failures in a row, ten at once, five seconds. */
import * as alfred from '@git-stunts/alfred';
import * as cockatiel from 'cockatiel';
import * as mollitia from 'mollitia';
import Opossum from 'opossum';

/** What every operation of a success row does. */
export const operation = async (): Promise<number> => 42;

const handled = cockatiel.handleAll;

export function cockatielRetry(): cockatiel.RetryPolicy {
  return cockatiel.retry(handled, { maxAttempts: 2, backoff: new cockatiel.ConstantBackoff(0) });
}

export function cockatielBreaker(
  breaker: cockatiel.IBreaker = new cockatiel.ConsecutiveBreaker(5),
): cockatiel.CircuitBreakerPolicy {
  return cockatiel.circuitBreaker(handled, { halfOpenAfter: 30_000, breaker });
}

export function cockatielTimeout(
  how: Parameters<typeof cockatiel.timeout>[1] = cockatiel.TimeoutStrategy.Cooperative,
): cockatiel.TimeoutPolicy {
  return cockatiel.timeout(5000, how);
}

/** Retry, breaker, bulkhead and timeout. */
export function cockatielFour(breaker?: cockatiel.IBreaker): cockatiel.IPolicy {
  return cockatiel.wrap(
    cockatielRetry(),
    cockatielBreaker(breaker),
    cockatiel.bulkhead(10, 100),
    cockatielTimeout(),
  );
}

/** The part of opossum that a bench uses. */
export interface OpossumBreaker {
  fire(): Promise<unknown>;
  open(): void;
  shutdown(): void;
}

export function opossum(run: () => Promise<unknown>, options: object = {}): OpossumBreaker {
  return new Opossum(run, { timeout: false, ...options }) as OpossumBreaker;
}

/** A mollitia circuit around the operation with these modules. */
export function mollitiaCircuit(
  func: () => Promise<unknown>,
  modules: mollitia.Module[],
): { execute(): Promise<unknown> } {
  return new mollitia.Circuit({ func, options: { modules } });
}

export function alfredRetry(): alfred.Policy {
  return alfred.Policy.retry({ retries: 2, delay: 0 });
}

export function alfredBreaker(): alfred.Policy {
  return alfred.Policy.circuitBreaker({ threshold: 5, duration: 30_000 });
}

export function alfredFour(): alfred.Policy {
  return alfredRetry()
    .wrap(alfredBreaker())
    .wrap(alfred.Policy.bulkhead({ limit: 10, queueLimit: 100 }))
    .wrap(alfred.Policy.timeout(5000));
}
