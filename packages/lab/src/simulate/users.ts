import { type Random, TimerNode } from 'holdfast';
import type { Arrivals, Users } from '../spec/model.ts';
import { type NextArrival, openArrivals } from './arrivals.ts';
import type { Caller, Client, ClientGroup, OutboundCall } from './client.ts';
import { type Sampler, samplerOf } from './distributions.ts';
import { Intent } from './intent.ts';

/**
 * Lets the users of one entry come. Open loops and traces share one client, as users behind one
 * gateway do; in a closed loop each has its own.
 *
 * @param end of the scenario: nobody comes after it.
 */
export function startUsers(
  users: Users,
  arrivals: Arrivals,
  group: ClientGroup,
  random: Random,
  end: number,
): void {
  switch (arrivals.kind) {
    case 'open':
      new Stream(users, group.newClient(), openArrivals(arrivals, random, end)).next();
      break;
    case 'trace':
      new Stream(users, group.newClient(), replay(arrivals.at)).next();
      break;
    case 'closed':
      for (let number = 0; number < arrivals.clients; number++) {
        const own = random.fork(`client ${number}`);
        const think = samplerOf(arrivals.think, own);
        // They have not all begun at the same moment.
        new SerialUser(users, group.newClient(), think).comeAfter(own.next() * think(1));
      }
      break;
  }
}

function replay(moments: readonly number[]): NextArrival {
  let at = 0;
  return () => moments[at++] ?? Infinity;
}

/** Who comes, gets an answer or not, and is not seen again. */
abstract class Visitors extends TimerNode implements Caller {
  protected readonly users: Users;
  protected readonly client: Client;

  constructor(users: Users, client: Client) {
    super();
    this.users = users;
    this.client = client;
  }

  answered({ startedAt }: OutboundCall, ok: boolean): void {
    const { name, patience } = this.users;
    const { clock, probe } = this.client.group.world;
    const now = clock.now();
    probe.userAnswered(name, now, startedAt, ok && now - startedAt <= patience);
  }

  protected send(): void {
    const { clock, probe } = this.client.group.world;
    probe.userArrived(this.users.name, clock.now());
    this.client.start(this, new Intent());
  }
}

/** Those who come whatever becomes of the others. */
class Stream extends Visitors {
  readonly #arrivals: NextArrival;

  constructor(users: Users, client: Client, arrivals: NextArrival) {
    super(users, client);
    this.#arrivals = arrivals;
  }

  expire(): void {
    this.next();
    this.send();
  }

  next(): void {
    const { clock } = this.client.group.world;
    clock.start(this, this.#arrivals() - clock.now());
  }
}

/** One who thinks, asks, waits for the answer, and thinks again. */
class SerialUser extends Visitors {
  readonly #think: Sampler;

  constructor(users: Users, client: Client, think: Sampler) {
    super(users, client);
    this.#think = think;
  }

  expire(): void {
    this.send();
  }

  override answered(call: OutboundCall, ok: boolean): void {
    super.answered(call, ok);
    this.comeAfter(this.#think(1));
  }

  comeAfter(time: number): void {
    this.client.group.world.clock.start(this, time);
  }
}
