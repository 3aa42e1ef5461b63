import type { Entry } from './properties.ts';
import type { Parsing } from './parsing.ts';

export async function readSemanticNodes(_parsing: Parsing, _entries: readonly Entry[]): Promise<void> {}
