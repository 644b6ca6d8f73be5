import type { PipelineState } from './policy.ts';

/** Weight of the newest duration in the usual one. */
const WEIGHT = 0.1;

/** How long an attempt usually takes, in milliseconds; 0 until one has succeeded. */
export function usualDuration({ usualMicroseconds }: PipelineState): number {
  return usualMicroseconds / 1000;
}

/** An attempt has succeeded after so many milliseconds. */
export function notice(pipeline: PipelineState, duration: number): void {
  const usual = pipeline.usualMicroseconds;
  const newest = 1000 * duration;
  const average = usual === 0 ? newest : usual + WEIGHT * (newest - usual);
  pipeline.usualMicroseconds = Math.round(average);
}
