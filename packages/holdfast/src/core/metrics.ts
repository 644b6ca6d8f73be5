/**
 * A metric as data, beside the policy that owns it. Exporters loop over descriptors and never name
 * a policy. Names and units follow OpenTelemetry's semantic conventions.
 */
export interface MetricDescriptor {
  readonly name: string;
  readonly instrument: 'counter' | 'gauge' | 'histogram';
  /** UCUM: `s`, `1` for ratios, `{call}` for counts. */
  readonly unit: string;
  /** A phrase without the final full stop. */
  readonly what: string;
  /** Fields of the event, all of few values. */
  readonly attributes: readonly string[];
  /** The event's type, or `snapshot.<field>` for a gauge that is read from the policy's snapshot. */
  readonly from: string;
  /** The event's field that is recorded; a counter without one counts events. */
  readonly value?: string;
  /** Multiplies the recorded value: 0.001 turns milliseconds into seconds. */
  readonly scale?: number;
}
