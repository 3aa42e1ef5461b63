import { defineErrors } from '../kernel/index.ts';
import type { Lineage } from './tracker.ts';

/** What a model is registered with. */
export interface NewModelVersion {
  /** Letters, digits, `.`, `_` and `-`; 1 to 64 characters, the first a letter or digit. */
  readonly name: string;
  /** The model as a folder of data. It is copied whole; afterwards it may change or go. */
  readonly modelFolder: string;
  readonly metrics?: Readonly<Record<string, number>>;
  /** Id of the tracked run that made it. */
  readonly trackedRun?: string;
  /** Where it comes from: the flow's run, the data, the code. */
  readonly lineage?: Lineage;
  /** What the gate said of it; without it only a promotion that overrides the gate lets it serve. */
  readonly gate?: GateVerdict;
  /** Why it is registered, in a sentence. */
  readonly reason?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What the gate said of a model, when it was made. */
export interface GateVerdict {
  readonly passed: boolean;
  /** A sentence with the numbers. */
  readonly reason: string;
}

export interface ModelFile {
  /** Relative to the model's folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** One version of a registered model. */
export interface ModelVersion {
  readonly name: string;
  /** 1, 2, 3, … in the order of registering. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly registeredAt: number;
  /** Where its files can be read: nothing in it may be changed. */
  readonly folder: string;
  readonly files: readonly ModelFile[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly trackedRun?: string;
  readonly lineage: Lineage;
  readonly gate?: GateVerdict;
  readonly reason?: string;
  /** The only thing, with the aliases, that may change. */
  readonly tags: Readonly<Record<string, string>>;
  /** Aliases that point to it now, in alphabetical order. */
  readonly aliases: readonly string[];
}

/** An alias that was set: who serves `champion` follows the latest. */
export interface AliasChange {
  readonly alias: string;
  /** Null: the alias was taken away. */
  readonly version: number | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Default `promote`. */
  readonly kind?: 'promote' | 'rollback';
  readonly reason?: string;
  /** Who did it. */
  readonly by?: string;
}

/** What is kept of a change of an alias. */
export type AliasNote = Pick<AliasChange, 'kind' | 'reason' | 'by'>;

/**
 * Where models are kept under a name, with versions that never change, and aliases that say which of them is in use.
 * Several processes may register and set aliases at once.
 */
export interface ModelRegistry {
  /** For messages. Holds no secret. */
  readonly location: string;
  /** Gives the model the next version. Rejects with `MODEL_NAME_INVALID` and `MODEL_FOLDER_INVALID`; then nothing is registered. */
  register(model: NewModelVersion): Promise<ModelVersion>;
  /** Names of the registered models, in alphabetical order. */
  models(): Promise<readonly string[]>;
  /** All versions, the first one first; none if the name is not known. Does not read the models' files. */
  versions(name: string): Promise<readonly ModelVersion[]>;
  /**
   * One version, by its number or an alias, after all of its files were checked against their hashes. Rejects with
   * `MODEL_VERSION_NOT_FOUND`, and `MODEL_VERSION_CORRUPT` if a file is missing, changed or new.
   */
  version(name: string, version: number | string): Promise<ModelVersion>;
  /** Lets an alias point to a version, and from then on to no other. Rejects with `MODEL_VERSION_NOT_FOUND`. */
  alias(name: string, version: number, alias: string, note?: string | AliasNote): Promise<void>;
  /** Takes an alias away; nothing happens if there is none. */
  unalias(name: string, alias: string, note?: string | AliasNote): Promise<void>;
  /** Adds or replaces tags of a version. Rejects with `MODEL_VERSION_NOT_FOUND`. */
  setTags(name: string, version: number, tags: Readonly<Record<string, string>>): Promise<void>;
  /** What the aliases pointed to over time, the first change first. It only grows. `aliasAt` answers what served at a time. */
  aliasHistory(name: string): Promise<readonly AliasChange[]>;
}

/** The version that is to be served: `registry.version(name, CHAMPION)`. */
export const CHAMPION = 'champion';

export const registryErrors = defineErrors({
  MODEL_NAME_INVALID: (f: { what: string; name: string }) =>
    `${JSON.stringify(f.name)} cannot be the name of ${f.what}. Use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first; an alias must not be a number.`,
  MODEL_FOLDER_INVALID: (f: { folder: string; problem: string }) =>
    `${f.folder} cannot be registered as a model: ${f.problem}. Register a folder of plain files, as training writes it.`,
  MODEL_VERSION_NOT_FOUND: (f: { name: string; version: string; known: string; location: string }) =>
    `Model ${f.name} has no version ${f.version} in ${f.location}; there is ${f.known}. 'smallboat models' lists all. Train and register one, or ask for another.`,
  MODEL_VERSION_CORRUPT: (f: { name: string; version: number; file: string; problem: string }) =>
    `File ${f.file} of model ${f.name} version ${f.version} ${f.problem}. Do not serve it: restore the file, or point the alias to another version.`,
  MODEL_HISTORY_BROKEN: (f: { name: string; path: string; line: number; problem: string }) =>
    `The history of the aliases of model ${f.name} cannot be trusted from line ${f.line} of ${f.path} on: ${f.problem}. Restore the file from a backup.`,
  MODEL_RECORD_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} is not a record of the model registry: ${f.problem}. Restore it from a backup, or remove its folder to give the version up.`,
});
