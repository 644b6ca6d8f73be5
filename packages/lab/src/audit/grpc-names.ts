import type { Fleet } from '../spec/model.ts';

/**
 * The fleet's service that gRPC calls by this name: `shop.PaymentsService` is `payments`. Case, a
 * `Service` at the end and hyphens do not count, but a name that has them alike goes first.
 */
export function serviceOf(name: string, fleet: Fleet): string | null {
  const last = name.slice(name.lastIndexOf('.') + 1);
  const names = [...fleet.services.keys()];
  return (
    names.find((service) => service === last) ??
    names.find((service) => plain(service) === plain(last)) ??
    names.find((service) => stem(service) === stem(last)) ??
    null
  );
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

function stem(name: string): string {
  return plain(name).replace(/(?<=.)service$/, '');
}
