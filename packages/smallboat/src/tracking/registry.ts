import { defineErrors } from '../kernel/index.ts';

/** What a model is registered with. */
export interface NewModelVersion {
  /** Letters, digits, `.`, `_` and `-`; 1 to 64 characters, the first a letter or digit. */
  readonly name: string;
  /** The model as a folder of data. It is copied whole; afterwards it may change or go. */
  readonly modelFolder: string;
  readonly metrics?: Readonly<Record<string, number>>;
  /** Id of the tracked run that made it. */
  readonly trackedRun?: string;
  /** Why it is registered, in a sentence: what the gate said. */
  readonly reason?: string;
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
  readonly reason?: string;
  /** Aliases that point to it now, in alphabetical order. */
  readonly aliases: readonly string[];
}

/** An alias that was set: who serves `champion` follows the latest. */
export interface AliasChange {
  readonly alias: string;
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason?: string;
}

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
  alias(name: string, version: number, alias: string, reason?: string): Promise<void>;
  /** What the aliases pointed to over time, the first change first. */
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
  MODEL_RECORD_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} is not a record of the model registry: ${f.problem}. Restore it from a backup, or remove its folder to give the version up.`,
});
