import type { Site } from '../site.ts';

/** A step that some module declared. */
export interface Declared {
  readonly name: string;
  readonly site: Site | undefined;
}

const declared: Declared[] = [];

/** Notes a step, so that one that no flow wires can be told. */
export function declare(name: string, site: Site | undefined): void {
  declared.push({ name, site });
}

/** All steps that this process has declared, in order. */
export function declaredSteps(): readonly Declared[] {
  return declared;
}
