/*
 * Of workers and service times that a spec does not state the lab takes its defaults. They are a guess, so what
 * follows from them alone is only to know.
 */
import { callsOf } from '../spec/edges.ts';
import type { Fleet, Service } from '../spec/model.ts';
import { callersFirst } from './edges.ts';

/** The fleet with what finds the least for all that nobody states: work takes no time, and there are enough workers. */
export function withoutDefaults(fleet: Fleet): Fleet {
  const services = [...fleet.services].map(([name, service]): [string, Service] => {
    const { server, stated } = service;
    const own: Service['server'] = {
      ...server,
      workers: stated.has('workers') ? server.workers : Infinity,
      serviceTime: stated.has('serviceTime') ? server.serviceTime : { kind: 'constant', value: 0 },
    };
    return [name, { ...service, server: own }];
  });
  return { ...fleet, services: new Map(services) };
}

/** For each service one whose time nobody states: itself, or one that it calls. */
export function unstatedTimes(fleet: Fleet): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of callersFirst(fleet).toReversed()) {
    const service = fleet.services.get(name);
    if (service === undefined) continue;
    const called = callsOf(service).find(({ to }) => found.has(to));
    const one = service.stated.has('serviceTime') ? called && found.get(called.to) : name;
    if (one !== undefined) found.set(name, one);
  }
  return found;
}
