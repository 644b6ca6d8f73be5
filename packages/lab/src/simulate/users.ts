import { type Dependency, type Random, type Settled, TimerNode } from 'holdfast';
import type { Arrivals, Users } from '../spec/model.ts';
import { type NextArrival, openArrivals } from './arrivals.ts';
import type { Caller, ClientGroup, ClientWorld, OutboundCall } from './client.ts';
import {
  checkFunction,
  checkReturned,
  type CustomClient,
  startIn,
  surroundingsOf,
  type User,
} from './custom.ts';
import { residualOf, type Sampler, samplerOf } from './distributions.ts';
import { Intent, Message } from './intent.ts';
import { Streams } from './streams.ts';

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
  const { arrivals, end } = coming;
  switch (arrivals.kind) {
    case 'open':
      startStream(coming, openArrivals(arrivals, random, end), group, random);
      break;
    case 'trace':
      startStream(coming, replay(arrivals.at), group, random);
      break;
    case 'closed':
      startLoops(coming, arrivals, group, random);
      break;
  }
}

type ClosedArrivals = Extract<Arrivals, { readonly kind: 'closed' }>;

function startLoops(
  { users, custom }: Coming,
  arrivals: ClosedArrivals,
  group: ClientGroup,
  random: Random,
): void {
  const { clients, think } = arrivals;
  const loop = new Loop(users, group, arrivals, random.fork('loop'));
  for (let number = 0; number < clients; number++) {
    if (custom === null) {
      group.newClient();
      new SerialUser(loop, number).think();
    } else {
      const own = random.fork(`client ${number}`);
      const user = userOf(loop, own.fork('custom'));
      const begin = (): void => enter(users, user, custom);
      startIn(group.world.clock, residualOf(think, own)(1), begin);
    }
  }
}

function startStream(
  { users, custom }: Coming,
  arrivals: NextArrival,
  group: ClientGroup,
  random: Random,
): void {
  const entrance = new Entrance(users, group);
  new Stream(group.world, arrivals, comeTo(entrance, random, custom)).next();
}

function comeTo(entrance: Entrance, random: Random, custom: CustomClient | null): () => void {
  if (custom === null) {
    const visitors = new Visitors(entrance);
    return () => visitors.send();
  }
  const user = userOf(entrance, random.fork('custom'));
  return () => enter(entrance.users, user, custom);
}

/** @throws TypeError when a client of one's own returns a promise. */
function enter({ name }: Users, user: User, custom: (user: User) => unknown): void {
  checkReturned(custom(user), `clients.${name}`);
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
    clock.startDrawn(this, this.#arrivals() - clock.now());
  }
}

/** Where users come in: it makes their calls over their edge, and tells of them. */
class Entrance {
  readonly users: Users;
  readonly group: ClientGroup;

  constructor(users: Users, group: ClientGroup) {
    this.users = users;
    this.group = group;
  }

  ask(client: Dependency, caller: Caller, intent: Intent): void {
    const { clock, probe } = this.group.world;
    probe.userArrived(this.users.name, clock.now());
    this.group.start(client, caller, intent);
  }

  /** An answer that comes when they have left is not good. */
  answered({ startedAt }: OutboundCall, ok: boolean): void {
    const { name, patience } = this.users;
    const { clock, probe } = this.group.world;
    const now = clock.now();
    probe.userAnswered(name, now, startedAt, ok && now - startedAt <= patience);
  }
}

/** Users who ask once, and are not seen again. */
class Visitors implements Caller {
  readonly #entrance: Entrance;
  readonly #client: Dependency;

  constructor(entrance: Entrance) {
    this.#entrance = entrance;
    this.#client = entrance.group.newClient();
  }

  send(): void {
    this.#entrance.ask(this.#client, this, new Intent());
  }

  answered(call: OutboundCall, { ok }: Settled): void {
    this.#entrance.answered(call, ok);
  }
}

/** What the users of a closed loop share. */
class Loop extends Entrance {
  readonly #streams: Streams;
  /** Users are met in the middle of a thought: if all began one now, they would come in a wave. */
  readonly #firstThink: Sampler;
  readonly #think: Sampler;
  /** Numbers that each user has drawn from his stream. */
  readonly #drawn: Uint32Array;

  constructor(
    users: Users,
    group: ClientGroup,
    { clients, think }: ClosedArrivals,
    random: Random,
  ) {
    super(users, group);
    this.#drawn = new Uint32Array(clients);
    this.#streams = new Streams(random);
    this.#firstThink = residualOf(think, this.#streams);
    this.#think = samplerOf(think, this.#streams);
  }

  /** Milliseconds until the user of this number comes. */
  nextThought(user: number): number {
    const streams = this.#streams;
    const drawn = this.#drawn[user]!;
    streams.stream = user;
    streams.drawn = drawn;
    const time = drawn === 0 ? this.#firstThink(1) : this.#think(1);
    this.#drawn[user] = streams.drawn;
    return time;
  }
}

/** A serial client that was answered in no time asks again after so many milliseconds: else time would stand still. */
const AT_ONCE = 1;

/** One who thinks, asks, waits for the answer, and thinks again. */
class SerialUser extends TimerNode implements Caller {
  readonly #loop: Loop;
  /** Of the user, and of its client in the group. */
  readonly number: number;

  constructor(loop: Loop, number: number) {
    super();
    this.#loop = loop;
    this.number = number;
  }

  /** @param least for who does not think. */
  think(least = 0): void {
    const time = this.#loop.nextThought(this.number) || least;
    this.#loop.group.world.clock.startDrawn(this, time);
  }

  expire(): void {
    const { group } = this.#loop;
    this.#loop.ask(group.clients[this.number]!, this, new Intent());
  }

  answered(call: OutboundCall, { ok }: Settled): void {
    this.#loop.answered(call, ok);
    const isRefused = call.startedAt === this.#loop.group.world.clock.now();
    this.think(isRefused ? AT_ONCE : 0);
  }
}

/** One of the users, for a client of one's own. */
function userOf(entrance: Entrance, random: Random): User {
  const { group } = entrance;
  const { clock } = group.world;
  const client = group.newClient();
  return {
    ...surroundingsOf(clock, random),
    call: (done, body) => {
      const what = 'what is told how a call ended';
      checkFunction(done, what);
      const tell = (settled: Settled): void => checkReturned(done(settled) as unknown, what);
      const answered: Caller['answered'] = (call, settled) => {
        entrance.answered(call, settled.ok);
        // As an event of its own, so that the clock sees it if somebody asks again and again in no time.
        if (call.startedAt === clock.now()) startIn(clock, 0, () => tell(settled));
        else tell(settled);
      };
      entrance.ask(client, { answered }, new Message(body));
    },
  };
}
