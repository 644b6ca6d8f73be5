/** A directed graph's boxes in columns, left to right, and the curves between them. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly links: readonly Link[];
}

export interface Box {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Link {
  readonly id: string;
  /** For the `d` of an SVG path. */
  readonly path: string;
  /** Where its label has room: the label's middle. */
  readonly label: { readonly x: number; readonly y: number };
}

export interface Arrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

const BOX = { width: 150, height: 50 };
const GAP = { x: 116, y: 40 };
const MARGIN = 8;
const LABEL = { width: 92, height: 22 };

/** A place in a column: a box, or a bend of a link that passes by. */
interface Spot {
  readonly key: string;
  readonly column: number;
  readonly bend: boolean;
  y: number;
}

/** A link as the spots it goes through. */
interface Route {
  readonly id: string;
  readonly spots: readonly Spot[];
}

/**
 * Sugiyama's way: columns by the longest path, bends for links that pass over columns, order within
 * the columns by the neighbours' mean place. Deterministic; a link that closes a cycle is drawn as
 * one that goes back.
 */
export function layoutOf(names: readonly string[], arrows: readonly Arrow[]): Layout {
  const columns = columnsOf(names, arrows);
  const spots = new Map<string, Spot>(
    names.map((name) => [name, { key: name, column: columns.get(name) ?? 0, bend: false, y: 0 }]),
  );
  const bends: Spot[] = [];
  const routes = arrows.flatMap((arrow): Route[] => {
    const from = spots.get(arrow.from);
    const to = spots.get(arrow.to);
    if (from === undefined || to === undefined) return [];
    const between: Spot[] = [];
    for (let column = from.column + 1; column < to.column; column++) {
      between.push({ key: `${arrow.id} ${column}`, column, bend: true, y: 0 });
    }
    bends.push(...between);
    return [{ id: arrow.id, spots: [from, ...between, to] }];
  });
  const grid = arranged([...spots.values(), ...bends], routes);
  const height = Math.max(BOX.height, ...grid.map(columnHeight)) + 2 * MARGIN;
  const boxes = [...spots.values()].map((spot) => ({
    name: spot.key,
    x: left(spot.column),
    y: spot.y,
    ...BOX,
  }));
  return {
    width: left(Math.max(0, grid.length - 1)) + BOX.width + MARGIN,
    height,
    boxes,
    links: linksOf(routes, boxes),
  };
}

/** Each name's column: one more than the last of those that point at it. */
function columnsOf(names: readonly string[], arrows: readonly Arrow[]): Map<string, number> {
  const callers = new Map<string, string[]>(names.map((name) => [name, []]));
  for (const { from, to } of arrows) callers.get(to)?.push(from);
  const columns = new Map<string, number>();
  const open = new Set<string>();
  const columnOf = (name: string): number => {
    const known = columns.get(name);
    if (known !== undefined) return known;
    open.add(name);
    let column = 0;
    for (const caller of callers.get(name) ?? []) {
      if (!open.has(caller)) column = Math.max(column, columnOf(caller) + 1);
    }
    open.delete(name);
    columns.set(name, column);
    return column;
  };
  for (const name of names) columnOf(name);
  return columns;
}

/** Orders each column, and gives each spot its height, the columns centred. */
function arranged(spots: readonly Spot[], routes: readonly Route[]): Spot[][] {
  const grid: Spot[][] = [];
  for (const spot of spots) (grid[spot.column] ??= []).push(spot);
  const sweeps = 6;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    place(grid);
    const step = sweep % 2 === 0 ? 1 : -1;
    for (const column of step === 1 ? grid : grid.toReversed()) {
      const wish = new Map(column.map((spot) => [spot, wishOf(spot, routes, step)]));
      column.sort((one, other) => (wish.get(one) ?? 0) - (wish.get(other) ?? 0));
      place(grid);
    }
  }
  return grid;
}

/** The mean height of a spot's neighbours on the side that the sweep comes from. */
function wishOf(spot: Spot, routes: readonly Route[], step: 1 | -1): number {
  const heights = routes.flatMap((route) => {
    const at = route.spots.indexOf(spot);
    const neighbour = at < 0 ? undefined : route.spots[at - step];
    return neighbour === undefined ? [] : [middle(neighbour)];
  });
  if (heights.length === 0) return middle(spot);
  return heights.reduce((sum, height) => sum + height, 0) / heights.length;
}

function place(grid: readonly Spot[][]): void {
  const height = Math.max(BOX.height, ...grid.map(columnHeight));
  for (const column of grid) {
    let y = MARGIN + (height - columnHeight(column)) / 2;
    for (const spot of column) {
      spot.y = y;
      y += spotHeight(spot) + GAP.y;
    }
  }
}

function columnHeight(column: readonly Spot[]): number {
  return column.reduce((sum, spot) => sum + spotHeight(spot) + GAP.y, -GAP.y);
}

function spotHeight(spot: Spot): number {
  return spot.bend ? LABEL.height : BOX.height;
}

function middle(spot: Spot): number {
  return spot.y + spotHeight(spot) / 2;
}

function left(column: number): number {
  return MARGIN + column * (BOX.width + GAP.x);
}

interface Dot {
  readonly x: number;
  readonly y: number;
}

function linksOf(routes: readonly Route[], boxes: readonly Box[]): Link[] {
  const taken: Dot[] = [];
  return routes.map((route) => {
    const dots = dotsOf(route, routes);
    const label = labelPlace(dots, taken, boxes);
    taken.push(label);
    return { id: route.id, path: curve(dots), label };
  });
}

/** Where a link leaves its box, the bends, and where it arrives. */
function dotsOf(route: Route, routes: readonly Route[]): Dot[] {
  return route.spots.flatMap((spot, index): Dot[] => {
    const x = left(spot.column);
    if (spot.bend)
      return [
        { x, y: middle(spot) },
        { x: x + BOX.width, y: middle(spot) },
      ];
    const begins = index === 0;
    return [{ x: begins ? x + BOX.width : x, y: portOf(spot, route, routes, begins) }];
  });
}

/** Links share a box's side evenly, in the order of the boxes at their other ends. */
function portOf(spot: Spot, route: Route, routes: readonly Route[], begins: boolean): number {
  const next = (one: Route) => (begins ? one.spots[1] : one.spots.at(-2));
  const here = routes
    .filter((one) => (begins ? one.spots[0] : one.spots.at(-1)) === spot)
    .toSorted((one, other) => middle(next(one) ?? spot) - middle(next(other) ?? spot));
  return spot.y + (BOX.height * (here.indexOf(route) + 1)) / (here.length + 1);
}

function curve(dots: readonly Dot[]): string {
  const [first, ...rest] = dots;
  if (first === undefined) return '';
  let path = `M${point(first)}`;
  let from = first;
  for (const to of rest) {
    const reach = Math.max(30, Math.abs(to.x - from.x) / 2);
    path += `C${point({ x: from.x + reach, y: from.y })} ${point({ x: to.x - reach, y: to.y })} ${point(to)}`;
    from = to;
  }
  return path;
}

/** The first place along the link where the label covers neither a box nor another label. */
function labelPlace(dots: readonly Dot[], taken: readonly Dot[], boxes: readonly Box[]): Dot {
  const places = dots
    .slice(1)
    .flatMap((to, index) =>
      [0.5, 0.4, 0.6, 0.32, 0.68].map((share) => along(dots[index] ?? to, to, share)),
    );
  const free = places.find(
    (spot) =>
      taken.every(
        (other) =>
          Math.abs(other.x - spot.x) >= LABEL.width || Math.abs(other.y - spot.y) >= LABEL.height,
      ) &&
      boxes.every(
        (box) =>
          spot.x + LABEL.width / 2 <= box.x ||
          spot.x - LABEL.width / 2 >= box.x + box.width ||
          spot.y + LABEL.height / 2 <= box.y ||
          spot.y - LABEL.height / 2 >= box.y + box.height,
      ),
  );
  return free ?? places[0] ?? { x: 0, y: 0 };
}

/** On the curve between two dots: its height goes as 3t² - 2t³, its breadth nearly as t. */
function along(from: Dot, to: Dot, t: number): Dot {
  const rise = t * t * (3 - 2 * t);
  return { x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * rise };
}

function point({ x, y }: Dot): string {
  return `${Number(x.toFixed(1))} ${Number(y.toFixed(1))}`;
}
