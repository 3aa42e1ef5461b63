/** An entrance of its own: what starts jobs of services is loaded where a step wants it, and is no part of a code package. */
export { openCompute } from './open-compute.ts';
export type { Compute, ComputeOptions } from './open-compute.ts';
