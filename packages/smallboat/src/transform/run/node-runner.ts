import { Relation } from '../adapter/relation.ts';
import type { Value } from '../jinja/value.ts';
import { Bag, Dict, PyError, isTrue, iterate, numberOf, str } from '../jinja/value.ts';
import type { NodeContext } from '../context/node-context.ts';
import { TableValue } from '../context/table-value.ts';
import type { SqlNode } from '../manifest/node.ts';
import { materializedOf } from '../manifest/node.ts';
import type { CompileOptions, Compiler } from './compiler.ts';
import type { TestCounts } from './test-outcome.ts';
import { seedTable } from './seed-table.ts';
import type { WarehouseSession } from './warehouse-session.ts';

export interface Ran {
  readonly message: string;
  readonly response: Readonly<Record<string, unknown>>;
}

/** Runs the materialization of a node over a connection. */
export class NodeRunner {
  private readonly compiler: Compiler;
  private readonly session: WarehouseSession;
  private readonly onWrite: (node: SqlNode, text: string) => void;

  constructor(compiler: Compiler, session: WarehouseSession, onWrite: (node: SqlNode, text: string) => void) {
    this.compiler = compiler;
    this.session = session;
    this.onWrite = onWrite;
  }

  /** Builds a model, seed, snapshot or function. What was begun and not committed when it fails is undone. */
  async materialize(
    node: SqlNode,
    given: Partial<CompileOptions> = {},
    materialized = materializedOf(node),
  ): Promise<Ran> {
    const { context, relations } = await this.call(node, given, materialized);
    for (const relation of relations) await this.compiler.options.cache.add(relation);
    const main = context.statements.get('main');
    if (!main)
      throw new PyError(
        `main is not being called during running model: the materialization '${materialized}' ran no statement named 'main'`,
      );
    return ranOf(main.response);
  }

  /** Runs a test and gives its counts. */
  async test(node: SqlNode): Promise<TestCounts & { readonly response: Readonly<Record<string, unknown>> }> {
    const { context } = await this.call(node, {}, 'test');
    const main = context.statements.get('main');
    const [row] = main?.table.rows ?? [];
    if (!main || !row) throw new PyError(`the test gave no row`);
    const item = (name: string, place: number): Value => row.item(name) ?? row.items[place] ?? null;
    const failures = item('failures', 0);
    const counted = numberOf(failures);
    if (counted === undefined) {
      throw new PyError(
        `the test's fail_calc gave ${str(failures)}, where a number is needed: write coalesce(…, 0) around it`,
      );
    }
    return {
      failures: Number(counted),
      shouldWarn: isTrue(item('should_warn', 1)),
      shouldError: isTrue(item('should_error', 2)),
      response: ranOf(main.response).response,
    };
  }

  /** Runs a materialization and gives the rows of its main statement. */
  async rows(node: SqlNode, given: Partial<CompileOptions>, materialized: string): Promise<TableValue> {
    const { context } = await this.call(node, given, materialized);
    return context.statements.get('main')?.table ?? new TableValue([], []);
  }

  private async call(
    node: SqlNode,
    given: Partial<CompileOptions>,
    materialized: string,
  ): Promise<{ readonly context: NodeContext; readonly relations: readonly Relation[] }> {
    const { registry, adapter } = this.compiler.options.invocation;
    const macro = registry.materialization(materialized, node.package_name);
    if (!macro) {
      throw new PyError(
        `materialization '${materialized}' is not available for ${adapter.type}: no package of this project has it`,
      );
    }
    const sql = node.compiled_code ?? null;
    const context = this.compiler.context(
      node,
      { session: this.session, ...given },
      {
        extra: { sql, compiled_code: sql, compiled_sql: sql, ...given.extra },
        onWrite: (text) => this.onWrite(node, text),
        loadSeed: () => Promise.resolve(seedTable(node)),
      },
    );
    try {
      const result = await context.macros.of(macro).call({ positional: [], named: new Map() });
      await this.session.rollback();
      return { context, relations: relationsOf(result) };
    } catch (error) {
      await this.undo();
      throw error;
    }
  }

  private async undo(): Promise<void> {
    this.compiler.options.cache.clear();
    await this.session.rollback();
  }
}

function relationsOf(result: Value): Relation[] {
  if (!(result instanceof Dict)) return [];
  const list = result.get('relations') ?? [];
  return iterate(list).filter((one) => one instanceof Relation);
}

function ranOf(response: Value): Ran {
  if (response instanceof Bag) {
    const code = response.attribute('code') ?? null;
    const rows = response.attribute('rows_affected') ?? null;
    const message = response.print();
    const number = rows === null ? undefined : Number(rows === '' ? Number.NaN : str(rows));
    const hasRows = number !== undefined && !Number.isNaN(number);
    return {
      message,
      response: {
        _message: message,
        ...(hasRows ? { code: code === null ? '' : str(code), rows_affected: number } : {}),
      },
    };
  }
  return { message: str(response), response: { _message: str(response) } };
}
