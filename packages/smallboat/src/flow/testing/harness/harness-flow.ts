import { readFileSync } from 'node:fs';
import { buildFlow } from './build.ts';
import type { Spec } from './spec.ts';

/** The flow of the spec in the file that SMALLBOAT_HARNESS_SPEC names: what worker processes and the command line import. */
export const harness = buildFlow(
  JSON.parse(readFileSync(process.env['SMALLBOAT_HARNESS_SPEC'] ?? '', 'utf8')) as Spec, // Written by the harness.
);
