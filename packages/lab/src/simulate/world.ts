import { type Random, seededRandom } from 'holdfast';
import type { Edge, Fleet, Lane, Scenario } from '../spec/model.ts';
import { ClientGroup, type ClientWorld } from './client.ts';
import { type Custom, customOf } from './custom.ts';
import { scheduleFault } from './faults.ts';
import type { EdgeState, Probe } from './probe.ts';
import { ServiceNode } from './service.ts';
import { subjectOf } from './timeline.ts';
import { startUsers } from './users.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What to run. */
export interface WorldOptions extends Custom {
  readonly fleet: Fleet;
  readonly scenario: Scenario;
  /** What is laid over the edges' options. */
  readonly lane: Lane;
  readonly seed: number;
  readonly probe: Probe;
}

/** A fleet in virtual time, with its users and its faults. Its clients are Holdfast's own. */
export interface World {
  /** Virtual milliseconds since the start. */
  readonly now: number;
  /** Events that have happened, a measure of the work done. */
  readonly events: number;
  /**
   * Lets everything happen that is due by `until`, and moves the time there; when more than `maxEvents` have
   * happened since the beginning, it stops where it is.
   */
  run(until: number, maxEvents?: number): void;
  /** By the edge's id. */
  stateOf(edge: string): EdgeState;
}

/**
 * A world at its beginning. Every random stream has a label of its own (a service's replica, an
 * edge's client, a user), so that a change in one place does not shift the numbers of another.
 *
 * @throws RangeError for options of an edge that are wrong under this lane, and for a server or a client
 * of one's own whose service or users the fleet lacks.
 */
export function createWorld(options: WorldOptions): World {
  return new FleetWorld(options);
}

class FleetWorld implements World {
  readonly #clock = new VirtualClock();
  readonly #services = new Map<string, ServiceNode>();
  readonly #edges = new Map<string, ClientGroup>();

  constructor({ fleet, scenario, lane, seed, probe, servers, clients }: WorldOptions) {
    const clock = this.#clock;
    const random = seededRandom(seed);
    const shared: ClientWorld = { clock, probe, random, lane };
    const serverOf = customOf('servers', servers, fleet.services);
    const clientOf = customOf('clients', clients, fleet.users);
    for (const [name, spec] of fleet.services) {
      const own = random.fork(`service ${name}`);
      const node = new ServiceNode(spec, clock, probe, own, serverOf(name));
      this.#services.set(name, node);
    }
    for (const node of this.#services.values()) this.#giveClients(node, shared);
    // Before the users, so that a fault comes first where both are due.
    this.#scheduleFaults(scenario, random);
    for (const users of fleet.users.values()) {
      const { name } = users;
      const arrivals = scenario.load.get(name) ?? users.arrivals;
      const coming = { users, arrivals, end: scenario.duration, custom: clientOf(name) };
      startUsers(coming, this.#group(users.edge, shared), random.fork(`users ${name}`));
    }
  }

  get now(): number {
    return this.#clock.now();
  }

  get events(): number {
    return this.#clock.events;
  }

  run(until: number, maxEvents?: number): void {
    this.#clock.run(until, maxEvents);
  }

  stateOf(edge: string): EdgeState {
    const group = this.#edges.get(edge);
    if (group === undefined) throw new RangeError(`there is no edge '${edge}'`);
    return group.state();
  }

  #giveClients(node: ServiceNode, shared: ClientWorld): void {
    for (const edge of node.edges) {
      const group = this.#group(edge, shared);
      const slot = node.groups.findIndex((other) => group.sharesWith(other));
      node.groups.push(group);
      for (const { clients } of node.replicas) {
        clients.push(slot === -1 ? group.newClient() : group.share(clients[slot]!));
      }
    }
  }

  /** Faults that are alike are numbered, so that each draws from a stream of its own. */
  #scheduleFaults({ faults }: Scenario, random: Random): void {
    const counts = new Map<string, number>();
    for (const fault of faults) {
      const label = `fault ${fault.kind} ${subjectOf(fault)} ${fault.from}`;
      const count = (counts.get(label) ?? 0) + 1;
      counts.set(label, count);
      const own = count === 1 ? label : `${label} (${count})`;
      const place = { clock: this.#clock, services: this.#services, random: random.fork(own) };
      scheduleFault(fault, place);
    }
  }

  #group(edge: Edge, shared: ClientWorld): ClientGroup {
    const group = new ClientGroup(edge, this.#service(edge.to), shared);
    this.#edges.set(edge.id, group);
    return group;
  }

  #service(name: string): ServiceNode {
    const node = this.#services.get(name);
    if (node === undefined) throw new RangeError(`there is no service '${name}'`);
    return node;
  }
}
