import type { AdapterDescription } from '../adapter/adapter.ts';
import type { Value } from '../jinja/value.ts';
import type { MacroRegistry } from '../macros/registry.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { DbtPackage } from '../project/package.ts';
import type { Target } from '../project/profile.ts';

/** What one call of a verb was asked to do beyond which nodes. Names are those of dbt's flags. */
export interface Flags {
  /** `build`, `run`, … */
  readonly which: string;
  readonly fullRefresh: boolean;
  readonly storeFailures: boolean;
  /** Read no rows: `--empty`. */
  readonly isEmpty: boolean;
  /** Read the rows of this time only: `--sample`. */
  readonly sample: { readonly start: Date; readonly end: Date } | undefined;
  readonly eventTimeStart: Date | undefined;
  readonly eventTimeEnd: Date | undefined;
  readonly failFast: boolean;
  /** Take what is not there from the other state: `--defer`; `--favor-state`: also what is there. */
  readonly defer: boolean;
  readonly favorState: boolean;
  readonly warnError: boolean;
  readonly threads: number;
  /** All of them, as `invocation_args_dict` and run_results.json list them. */
  readonly all: Readonly<Record<string, unknown>>;
}

/** What all templates of one call of a verb share. */
export interface Invocation {
  readonly id: string;
  readonly startedAt: Date;
  readonly root: DbtPackage;
  /** The root and the installed packages, by name. */
  readonly packages: ReadonlyMap<string, DbtPackage>;
  readonly target: Target;
  /** The database where neither node nor target says one. */
  readonly database: string;
  readonly adapter: AdapterDescription;
  readonly registry: MacroRegistry;
  readonly manifest: Manifest;
  /** Variables of the command line. */
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: Flags;
  readonly modules: Value;
  /** `log(…, info=True)` and `print(…)` of templates; `isInfo` false goes to the log file only. */
  readonly say: (message: string, isInfo: boolean) => void;
  /** Unique ids that were selected, for `selected_resources`. */
  selected: readonly string[];
  /** The value of `graph`, made when the first template asks. */
  graph: Value | undefined;
  /** What has become of nodes, for `results` in hooks at the end. */
  results: Value | undefined;
}

/** The version of dbt whose behaviour we follow, for `dbt_version` and what is written. */
export const DBT_VERSION = '1.11.16';
