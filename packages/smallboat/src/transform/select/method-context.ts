import type { Manifest } from '../manifest/manifest.ts';
import type { PreviousState } from './previous-state.ts';

/** The macros of now: their texts, and which others they call. */
export interface MacroState {
  readonly sql: ReadonlyMap<string, string>;
  readonly calls: ReadonlyMap<string, readonly string[]>;
}

/** What a method of selection looks at beside the node. */
export interface MethodContext {
  readonly manifest: Manifest;
  readonly root: string;
  /** Of the project's folder, for paths. */
  readonly folder: string;
  readonly previous: PreviousState | undefined;
  /** Made when a selection compares states. */
  readonly macros: () => MacroState;
}
