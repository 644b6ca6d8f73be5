import { dependency, type DependencyOptions } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';

/** The defaults. The key makes a POST safe to repeat. */
export function holdfastLane(options: DependencyOptions = {}) {
  const payments = dependency('payments', { ...options, protocol: 'http' });
  const protectedFetch = resilientFetch(payments);
  const charge = (url: string, order: string): Promise<Response> => {
    const headers = { 'idempotency-key': order };
    return protectedFetch(url, { method: 'POST', headers });
  };
  return { charge, payments };
}
