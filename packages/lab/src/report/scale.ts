/** A value's place on an axis, 0 at the bottom to 1 at the top, and the marks along it. */
export interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** From zero to a round number that is at least `max`; at most `count` marks above zero. */
export function linearScale(max: number, count = 4): Scale {
  const most = max > 0 ? max : 1;
  const step = roundStep(most / count);
  const top = Math.ceil(most / step - 1e-9) * step;
  const marks = Math.round(top / step);
  return {
    place: (value) => clamp(value / top),
    // Multiplied and rounded rather than added up: 3 x 0.1 is to be 0.3.
    ticks: Array.from({ length: marks + 1 }, (_, index) => Number((index * step).toPrecision(12))),
  };
}

/** From one power of ten to another; with 2 and 5 between them when they are few. */
export function logScale(min: number, max: number): Scale {
  const low = Math.floor(Math.log10(Math.max(min, 1e-3)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(max, 1e-3)) - 1e-9));
  const decades = high - low;
  const factors = decades === 1 ? [1, 2, 5] : [1];
  const every = Math.ceil(decades / 5);
  const ticks: number[] = [];
  for (let power = low; power <= high; power += every) {
    for (const factor of factors) {
      if (power < high || factor === 1) ticks.push(Number(`${factor}e${power}`));
    }
  }
  return {
    place: (value) => (value <= 0 ? 0 : clamp((Math.log10(value) - low) / decades)),
    ticks,
  };
}

/** Round moments from 0 to `duration`, in milliseconds: seconds, minutes and hours as clocks have them. */
export function timeTicks(duration: number, count = 7): number[] {
  const least = duration / count;
  const step = CLOCK_STEPS.find((candidate) => candidate >= least) ?? roundStep(least / DAY) * DAY;
  const fine = least < 500 ? roundStep(least) : step;
  const marks = Math.floor(duration / fine + 1e-9);
  return Array.from({ length: marks + 1 }, (_, index) => index * fine);
}

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000] as const;

const CLOCK_STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 20, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  DAY,
];

/** The next 1, 2, 2.5 or 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 2.5, 5]) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
