import { contextOf } from '../context/node-context.ts';
import type { Invocation } from '../context/node-context.ts';
import { builtinMacros } from '../context/macro-lookup.ts';
import { Relation } from '../context/relation.ts';
import { renderTest } from '../context/render-test.ts';
import { fromPlain } from '../jinja/json.ts';
import { parseTemplate } from '../jinja/parse.ts';
import { render } from '../jinja/run.ts';
import type { Value } from '../jinja/value.ts';
import { Undefined, str } from '../jinja/value.ts';
import type { DbtProjectFile } from './dbt-project-file.ts';
import { nearestNames, projectErrors } from './errors.ts';
import type { SqlFile } from './files.ts';
import { layersFor, mergeLayers, nodeConfig, testConfig } from './model-config.ts';
import type { Model, NodeConfig, Place, Source, Test } from './project.ts';
import type { AskedTest, ModelProperties, SourceProperties } from './properties.ts';
import { refOf, sourceOf } from './references.ts';
import type { Reference } from './references.ts';
import { renderYaml } from './render-yaml.ts';
import { splitArguments } from './test-arguments.ts';
import { testHash, testName } from './test-name.ts';

/** A node's name: that of its file. */
export const nameOf = (path: string): string => path.replace(/^.*\//, '').replace(/\.sql$/, '');

/** A model, and what its template named, not yet looked up. */
export interface Parsed {
  readonly model: Model;
  readonly references: readonly Reference[];
}

interface Rendering {
  readonly uniqueId: string;
  readonly name: string;
  readonly file: string;
  readonly fqn: readonly string[];
  readonly resourceType: 'model' | 'test';
  readonly config: () => Readonly<Record<string, unknown>>;
  readonly onConfig?: (given: Readonly<Record<string, unknown>>) => void;
}

/** One reading of a project: runs its templates with nothing behind them and notes what they name. */
export class Reading {
  private readonly invocation: Invocation;
  private readonly file: DbtProjectFile;
  private readonly properties: ReadonlyMap<string, ModelProperties>;
  private modelIds: ReadonlyMap<string, string> = new Map();
  private sourceIds: ReadonlyMap<string, string> = new Map();

  constructor(invocation: Invocation, file: DbtProjectFile, properties: ReadonlyMap<string, ModelProperties>) {
    this.invocation = invocation;
    this.file = file;
    this.properties = properties;
  }

  known(parsed: readonly Parsed[], sources: readonly Source[]): void {
    this.modelIds = new Map(parsed.map(({ model }) => [model.name, model.uniqueId]));
    this.sourceIds = new Map(sources.map((one) => [`${one.sourceName}.${one.name}`, one.uniqueId]));
  }

  async sources(tables: readonly SourceProperties[]): Promise<Source[]> {
    return Promise.all(
      tables.map(async (table) => {
        const { globals } = this.context({
          uniqueId: '',
          name: table.name,
          file: table.file,
          fqn: [],
          resourceType: 'model',
          config: () => ({}),
        });
        const names = Object.fromEntries(
          ['var', 'env_var', 'target'].map((name) => [name, globals(name) ?? new Undefined(name)] as const),
        );
        const text = async (value: string): Promise<string> =>
          String(await renderYaml(value, { file: table.file, names }));
        const place: Place = {
          ...(table.database === undefined ? {} : { database: await text(table.database) }),
          schema: await text(table.schema),
          identifier: await text(table.identifier),
        };
        const { sourceName, name, file } = table;
        return {
          kind: 'source',
          uniqueId: `source.${this.file.name}.${sourceName}.${name}`,
          sourceName,
          name,
          file,
          place,
        } as const;
      }),
    );
  }

  async models(files: readonly SqlFile[]): Promise<Parsed[]> {
    const seen = new Map<string, string>();
    const parsed: Parsed[] = [];
    for (const file of files) {
      const one = await this.model(file);
      if (!one.model.config.enabled) continue;
      const other = seen.get(one.model.name);
      if (other !== undefined) {
        throw projectErrors.MODEL_DUPLICATE({ name: one.model.name, files: [other, file.file] });
      }
      seen.set(one.model.name, file.file);
      parsed.push(one);
    }
    return parsed;
  }

  private async model({ file, path, template }: SqlFile): Promise<Parsed> {
    const name = nameOf(path);
    const uniqueId = `model.${this.file.name}.${name}`;
    const folders = path.split('/').slice(0, -1);
    const fqn = [this.file.name, ...folders, name];
    const properties = this.properties.get(name);
    const outer = [...layersFor(this.file.models, fqn), properties?.config ?? {}];
    const inner: Readonly<Record<string, unknown>>[] = [];
    const merged = (): Record<string, unknown> => mergeLayers([...outer, ...inner]);
    const { globals, references } = this.context({
      uniqueId,
      name,
      file,
      fqn,
      resourceType: 'model',
      config: merged,
      onConfig: (given) => inner.push(given),
    });
    await render(template, { globals, isLenient: true });
    const config = nodeConfig(merged());
    if (config.enabled && !['view', 'table', 'ephemeral'].includes(config.materialized)) {
      throw projectErrors.MATERIALIZATION_UNSUPPORTED({ model: name, file, materialized: config.materialized });
    }
    const place = await this.place(name, config, globals);
    const model: Model = {
      kind: 'model',
      uniqueId,
      name,
      file,
      path,
      fqn,
      tags: config.tags,
      dependsOn: [],
      template,
      config,
      place,
      description: properties?.description ?? '',
    };
    return { model, references };
  }

  /** Where a model goes, as the project's `generate_schema_name` and `generate_alias_name` say. */
  private async place(name: string, config: NodeConfig, globals: (name: string) => Value | undefined): Promise<Place> {
    const node = fromPlain({
      name,
      config: { ...config.other, schema: config.schema ?? null, alias: config.alias ?? null },
      package_name: this.file.name,
    });
    const ask = async (macro: string, custom: string | undefined): Promise<string> => {
      const given = (key: string): Value | undefined =>
        key === 'custom' ? (custom ?? null) : key === 'node' ? node : globals(key);
      const template = parseTemplate({ file: macro, text: `{{ ${macro}(custom, node) }}` });
      return str(await render(template, { globals: given })).trim();
    };
    const schema = await ask('generate_schema_name', config.schema);
    const identifier = await ask('generate_alias_name', config.alias);
    return { schema, identifier };
  }

  /** Unique ids of what is named. @throws `REF_UNKNOWN`, `SOURCE_UNKNOWN`. */
  resolve(references: readonly Reference[], from: string): string[] {
    const ids = references.map((one) => {
      if (one.kind === 'ref') {
        const id = this.modelIds.get(one.name);
        if (id !== undefined && (one.package === undefined || one.package === this.file.name)) return id;
        throw projectErrors.REF_UNKNOWN({
          from,
          name: one.name,
          nearest: nearestNames(one.name, this.modelIds.keys()),
        });
      }
      const name = `${one.source}.${one.name}`;
      const id = this.sourceIds.get(name);
      if (id !== undefined) return id;
      throw projectErrors.SOURCE_UNKNOWN({ from, name, nearest: nearestNames(name, this.sourceIds.keys()) });
    });
    return [...new Set(ids)];
  }

  async genericTests(models: readonly ModelProperties[], tables: readonly SourceProperties[]): Promise<Test[]> {
    const asked = [
      ...models.flatMap((one) => {
        const about = this.modelIds.get(one.name);
        return about === undefined
          ? []
          : one.tests.map((test) => ({ test, about, target: one.name, call: `ref('${one.name}')`, prefix: '' }));
      }),
      ...tables.flatMap((one) =>
        one.tests.map((test) => ({
          test,
          about: this.sourceIds.get(`${one.sourceName}.${one.name}`) ?? '',
          target: `${one.sourceName}_${one.name}`,
          call: `source('${one.sourceName}', '${one.name}')`,
          prefix: 'source_',
        })),
      ),
    ];
    const tests: Test[] = [];
    for (const one of asked) {
      const test = await this.genericTest(one.test, one);
      if (test.config.enabled) tests.push(test);
    }
    return tests;
  }

  private async genericTest(
    asked: AskedTest,
    on: { readonly about: string; readonly target: string; readonly call: string; readonly prefix: string },
  ): Promise<Test> {
    const parts = asked.test.split('.');
    const test = parts.at(-1) ?? '';
    const namespace = parts.length > 1 ? parts[0] : undefined;
    this.checkTest(asked, test);
    const { config, given, name: ownName } = splitArguments(asked.arguments);
    const kwargs = { ...(asked.column === undefined ? {} : { column_name: asked.column }), ...given };
    const start = `${on.prefix}${namespace === undefined ? '' : `${namespace}_`}${test}`;
    const { name, file } =
      ownName === undefined ? testName(start, on.target, kwargs) : { name: ownName, file: ownName };
    const model = `{{ get_where_subquery(${on.call}) }}`;
    const hash = testHash(name, { namespace, name: test, kwargs: { ...kwargs, model } });
    const call = namespace === undefined ? `test_${test}` : `${namespace}.test_${test}`;
    const merged = mergeLayers([...layersFor(this.file.tests, [this.file.name]), config]);
    const node: Test = {
      kind: 'test',
      uniqueId: `test.${this.file.name}.${name}.${hash}`,
      name,
      file: asked.file,
      path: `${file}.sql`,
      fqn: [this.file.name, name],
      tags: testConfig(merged).tags,
      dependsOn: [],
      config: testConfig(merged),
      template: parseTemplate({
        file: `${asked.file}:${asked.line} (test ${test})`,
        text: `{{ ${call}(**_dbt_generic_test_kwargs) }}`,
      }),
      generic: {
        test,
        ...(namespace === undefined ? {} : { namespace }),
        arguments: given,
        ...(asked.column === undefined ? {} : { column: asked.column }),
        about: on.about,
        model,
      },
    };
    return { ...node, dependsOn: await this.dependencies(node, merged) };
  }

  private checkTest(asked: AskedTest, test: string): void {
    const names = [...this.invocation.macros, ...builtinMacros()].map((macro) => macro.name);
    if (names.includes(`test_${test}`)) return;
    const known = names.filter((name) => name.startsWith('test_')).map((name) => name.slice('test_'.length));
    throw projectErrors.TEST_UNKNOWN({
      from: `${asked.file}:${asked.line}`,
      test: asked.test,
      nearest: nearestNames(test, known),
    });
  }

  async singularTests(files: readonly SqlFile[]): Promise<Test[]> {
    const tests: Test[] = [];
    for (const { file, path, template } of files) {
      const name = nameOf(path);
      const inner: Readonly<Record<string, unknown>>[] = [];
      const merged = (): Record<string, unknown> =>
        mergeLayers([...layersFor(this.file.tests, [this.file.name]), ...inner]);
      const fqn = [this.file.name, name];
      const uniqueId = `test.${this.file.name}.${name}`;
      const { globals, references } = this.context({
        uniqueId,
        name,
        file,
        fqn,
        resourceType: 'test',
        config: merged,
        onConfig: (given) => inner.push(given),
      });
      await render(template, { globals, isLenient: true });
      const config = testConfig(merged());
      if (!config.enabled) continue;
      const dependsOn = this.resolve(references, file);
      tests.push({ kind: 'test', uniqueId, name, file, path, fqn, tags: config.tags, dependsOn, config, template });
    }
    return tests;
  }

  private async dependencies(test: Test, config: Readonly<Record<string, unknown>>): Promise<string[]> {
    const { globals, references } = this.context({ ...test, resourceType: 'test', config: () => config });
    await renderTest(test, { globals, isLenient: true });
    return this.resolve(references, test.file);
  }

  private context(node: Rendering): { globals: (name: string) => Value | undefined; references: Reference[] } {
    const references: Reference[] = [];
    const self = new Relation({ schema: this.invocation.target.schema, identifier: node.name });
    const note = (reference: Reference): Value => {
      references.push(reference);
      return self;
    };
    const globals = contextOf(this.invocation, {
      uniqueId: node.uniqueId,
      name: node.name,
      file: node.file,
      self,
      model: {
        name: node.name,
        alias: node.name,
        unique_id: node.uniqueId,
        resource_type: node.resourceType,
        fqn: node.fqn,
        package_name: this.file.name,
        original_file_path: node.file,
        config: node.config(),
        tags: [],
      },
      config: node.config,
      onConfig: node.onConfig ?? (() => undefined),
      ref: (given) => note(refOf(given)),
      source: (given) => note(sourceOf(given)),
    });
    return { globals, references };
  }
}
