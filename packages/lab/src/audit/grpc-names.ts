import type { Fleet } from '../spec/model.ts';
import { namespaceIn } from './host-forms.ts';

/**
 * The fleet's service that gRPC calls by this name: `shop.PaymentsService` is `payments`, or `payments.shop` where
 * the spec says its namespace. Case, a `Service` at the end and hyphens do not count, but a name that has them
 * alike goes first.
 */
export function serviceOf(name: string, fleet: Fleet): string | null {
  const last = name.slice(name.lastIndexOf('.') + 1);
  const names = [...fleet.services.keys()];
  return (
    names.find((service) => service === name) ??
    names.find((service) => service === last) ??
    names.find((service) => plain(own(service)) === plain(last)) ??
    names.find((service) => stem(own(service)) === stem(last)) ??
    null
  );
}

/** Without its namespace. */
function own(service: string): string {
  return namespaceIn(service) === null ? service : service.slice(0, service.indexOf('.'));
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}

function stem(name: string): string {
  return plain(name).replace(/(?<=.)service$/, '');
}
