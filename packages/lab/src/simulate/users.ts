import { type Random, type Settled, TimerNode } from 'holdfast';
import type { Arrivals, Users } from '../spec/model.ts';
import { type NextArrival, openArrivals } from './arrivals.ts';
import type { Caller, Client, ClientGroup, ClientWorld, OutboundCall } from './client.ts';
import { type CustomClient, startIn, surroundingsOf, type User } from './custom.ts';
import { type Sampler, samplerOf } from './distributions.ts';
import { Intent, Message } from './intent.ts';

/** The users of one entry, in one scenario. */
export interface Coming {
  readonly users: Users;
  readonly arrivals: Arrivals;
  /** Of the scenario: nobody comes after it. */
  readonly end: number;
  /** What each of them does; null for one call, and in a closed loop one after another. */
  readonly custom: CustomClient | null;
}

/**
 * Lets users come. Those of open loops and traces share one client, as users behind one gateway do;
 * in a closed loop each has its own.
 */
export function startUsers(coming: Coming, group: ClientGroup, random: Random): void {
  const { users, arrivals, end, custom } = coming;
  switch (arrivals.kind) {
    case 'open':
      startStream(coming, openArrivals(arrivals, random, end), group, random);
      break;
    case 'trace':
      startStream(coming, replay(arrivals.at), group, random);
      break;
    case 'closed':
      for (let number = 0; number < arrivals.clients; number++) {
        const own = random.fork(`client ${number}`);
        const think = samplerOf(arrivals.think, own);
        const client = group.newClient();
        // They have not all begun at the same moment.
        const first = own.next() * think(1);
        if (custom === null) new SerialUser(users, client, think).comeAfter(first);
        else startIn(group.world.clock, first, visit(users, client, own, custom));
      }
      break;
  }
}

function startStream(
  { users, custom }: Coming,
  arrivals: NextArrival,
  group: ClientGroup,
  random: Random,
): void {
  const client = group.newClient();
  const visitors = new Visitors(users, client);
  const come = custom === null ? () => visitors.send() : visit(users, client, random, custom);
  new Stream(group.world, arrivals, come).next();
}

function visit(users: Users, client: Client, random: Random, custom: CustomClient): () => void {
  const user = userOf(users, client, random.fork('custom'));
  return () => custom(user);
}

function replay(moments: readonly number[]): NextArrival {
  let at = 0;
  return () => moments[at++] ?? Infinity;
}

/** Lets somebody come at each arrival, whatever becomes of the others. */
class Stream extends TimerNode {
  readonly #world: ClientWorld;
  readonly #arrivals: NextArrival;
  readonly #come: () => void;

  constructor(world: ClientWorld, arrivals: NextArrival, come: () => void) {
    super();
    this.#world = world;
    this.#arrivals = arrivals;
    this.#come = come;
  }

  expire(): void {
    this.next();
    this.#come();
  }

  next(): void {
    const { clock } = this.#world;
    clock.start(this, this.#arrivals() - clock.now());
  }
}

/** Those who ask once, get an answer or not, and are not seen again. */
class Visitors implements Caller {
  readonly #users: Users;
  readonly #client: Client;

  constructor(users: Users, client: Client) {
    this.#users = users;
    this.#client = client;
  }

  send(): void {
    tellArrived(this.#users, this.#client);
    this.#client.start(this, new Intent());
  }

  answered(call: OutboundCall, { ok }: Settled): void {
    tellAnswered(this.#users, call, ok);
  }
}

/** One who thinks, asks, waits for the answer, and thinks again. */
class SerialUser extends TimerNode implements Caller {
  readonly #users: Users;
  readonly #client: Client;
  readonly #think: Sampler;

  constructor(users: Users, client: Client, think: Sampler) {
    super();
    this.#users = users;
    this.#client = client;
    this.#think = think;
  }

  expire(): void {
    tellArrived(this.#users, this.#client);
    this.#client.start(this, new Intent());
  }

  answered(call: OutboundCall, { ok }: Settled): void {
    tellAnswered(this.#users, call, ok);
    this.comeAfter(this.#think(1));
  }

  comeAfter(time: number): void {
    this.#client.group.world.clock.start(this, time);
  }
}

/** One of the users, for a client of one's own. */
function userOf(users: Users, client: Client, random: Random): User {
  const { clock } = client.group.world;
  return {
    ...surroundingsOf(clock, random),
    call: (done, body) => {
      const answered: Caller['answered'] = (call, settled) => {
        tellAnswered(users, call, settled.ok);
        // In a turn of its own, so that asking again and again is seen as standing still.
        if (call.startedAt === clock.now()) startIn(clock, 0, () => done(settled));
        else done(settled);
      };
      tellArrived(users, client);
      client.start({ answered }, new Message(body));
    },
  };
}

function tellArrived({ name }: Users, { group }: Client): void {
  const { clock, probe } = group.world;
  probe.userArrived(name, clock.now());
}

/** An answer that comes when they have left is not good. */
function tellAnswered({ name, patience }: Users, call: OutboundCall, ok: boolean): void {
  const { startedAt } = call;
  const { clock, probe } = call.client.group.world;
  const now = clock.now();
  probe.userAnswered(name, now, startedAt, ok && now - startedAt <= patience);
}
