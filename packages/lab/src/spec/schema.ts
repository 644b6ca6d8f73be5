import { distributionSchema } from './distribution.ts';
import { policySchemas } from './policies.ts';
import { recordSchema } from './descriptors.ts';
import { specTable } from './tables.ts';

/** The JSON Schema (draft 2020-12) of `holdfast.yaml`, for editors. */
export function specSchema(): Readonly<Record<string, unknown>> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'holdfast.yaml',
    ...recordSchema(specTable),
    $defs: { distribution: distributionSchema(), ...policySchemas() },
  };
}
