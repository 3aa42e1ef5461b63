/** What a task's result depends on, each part as a hash. Two tasks of equal parts give the same. */
export interface KeyParts {
  readonly code: string;
  /** Each of our files that the code reaches, by path: to tell where it has changed. */
  readonly codeFiles: Readonly<Record<string, string>>;
  /** Each file that the step's `files` names, by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly inputs: Readonly<Record<string, string>>;
  /** The step's own environment variables. */
  readonly environment: string;
  /** Configurations that the module has read. */
  readonly config: string;
  /** The lock file of the packages. */
  readonly lock: string;
  /** Version of Node, up to the first dot. */
  readonly node: string;
}

/** What is kept with a task that ran with `--cache`. */
export interface CacheRecord {
  readonly key: string;
  readonly parts: KeyParts;
}
