import type { Template } from '../jinja/parse.ts';
import type { MacroNode } from '../jinja/ast.ts';

/** What `config(…)`, properties files and dbt_project.yml say of a node, merged. */
export interface NodeConfig {
  readonly materialized: string;
  readonly schema?: string;
  readonly alias?: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  /** Everything else, as written. */
  readonly other: Readonly<Record<string, unknown>>;
}

/** Where a node is or will be in the warehouse. */
export interface Place {
  /** Undefined: the warehouse's own. */
  readonly database?: string;
  readonly schema: string;
  readonly identifier: string;
}

interface Node {
  /** As dbt names it: `model.intent.sessions`. */
  readonly uniqueId: string;
  readonly name: string;
  /** Path relative to the project's folder. */
  readonly file: string;
  /** Path relative to `models/` or `tests/`. */
  readonly path: string;
  readonly fqn: readonly string[];
  readonly tags: readonly string[];
  /** Unique ids of models and sources that it reads. */
  readonly dependsOn: readonly string[];
}

export interface Model extends Node {
  readonly kind: 'model';
  readonly template: Template;
  readonly config: NodeConfig;
  readonly place: Place;
  readonly description: string;
}

export interface TestConfig {
  readonly severity: 'error' | 'warn';
  /** A condition on the number of failures, as `!= 0` or `> 10`. */
  readonly warnIf: string;
  readonly errorIf: string;
  /** What is computed over the failing rows: `count(*)`. */
  readonly failCalc: string;
  readonly limit?: number;
  readonly where?: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
}

export interface Test extends Node {
  readonly kind: 'test';
  readonly config: TestConfig;
  readonly template: Template;
  /** The macro behind it and what it is given, for tests that YAML asks for; undefined for singular tests. */
  readonly generic?: {
    /** `not_null`. */
    readonly test: string;
    readonly namespace?: string;
    readonly arguments: Readonly<Record<string, unknown>>;
    readonly column?: string;
    /** Unique id of the model or source that it is about. */
    readonly about: string;
    /** Template of the relation. */
    readonly model: string;
  };
}

export interface Source {
  readonly kind: 'source';
  readonly uniqueId: string;
  readonly sourceName: string;
  readonly name: string;
  readonly place: Place;
  readonly file: string;
}

export interface Macro {
  readonly name: string;
  /** Name of the project or package it belongs to. */
  readonly package: string;
  readonly node: MacroNode;
  readonly template: Template;
}

/** What profiles.yml says of the connection in use. */
export interface Target {
  readonly profile: string;
  readonly name: string;
  readonly schema: string;
  readonly type: string;
  readonly threads: number;
}

/** A dbt project, read and checked; nothing of it has been run. */
export interface Project {
  /** Absolute. */
  readonly folder: string;
  readonly name: string;
  readonly target: Target;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Models in the order in which they can be built. */
  readonly models: readonly Model[];
  readonly tests: readonly Test[];
  readonly sources: readonly Source[];
  readonly macros: readonly Macro[];
  /** What looks like a mistake, with file and line; nothing stops for it. */
  readonly warnings: readonly string[];
}
