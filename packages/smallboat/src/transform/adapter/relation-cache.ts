import type { Relation } from './relation.ts';

interface Known {
  readonly name: string;
  readonly type: string | undefined;
  readonly relation: Relation;
}

/**
 * Which relations a schema has: asked once a schema, kept up to date by what we do ourselves. Shared by all threads of an
 * invocation. Names are compared without case, as no two relations of a schema differ in that alone in practice.
 */
export class RelationCache {
  private readonly schemas = new Map<string, Promise<Map<string, Known>>>();
  /** What reads a relation, and is dropped with it; by its place. */
  private readonly readers = new Map<string, Set<string>>();

  /** The relations of a schema; `list` is asked where nobody asked before. */
  private async within(
    database: string | null,
    schema: string,
    list: () => Promise<readonly Relation[]>,
  ): Promise<Map<string, Known>> {
    const key = keyOf(database, schema);
    let known = this.schemas.get(key);
    if (!known) {
      known = list().then((relations) => new Map(relations.map((one) => [one.identifier.toLowerCase(), knownOf(one)])));
      this.schemas.set(key, known);
      known.catch(() => this.schemas.delete(key)); // its caller hears of it; the next one asks again
    }
    return known;
  }

  async find(relation: Relation, list: () => Promise<readonly Relation[]>): Promise<Relation | undefined> {
    const known = await this.within(relation.database, relation.schema ?? '', list);
    const found = known.get(relation.identifier.toLowerCase());
    return found?.relation;
  }

  async list(database: string | null, schema: string, list: () => Promise<readonly Relation[]>): Promise<Relation[]> {
    return [...(await this.within(database, schema, list)).values()].map(({ relation }) => relation);
  }

  async add(relation: Relation): Promise<void> {
    (await this.schemas.get(keyOf(relation.database, relation.schema ?? '')))?.set(
      relation.identifier.toLowerCase(),
      knownOf(relation),
    );
  }

  /** Notes that a relation is dropped with another. Schemas and names. */
  link(read: readonly [string, string], reader: readonly [string, string]): void {
    const key = placeKey(...read);
    const known = this.readers.get(key) ?? new Set();
    known.add(placeKey(...reader));
    this.readers.set(key, known);
  }

  /** A relation is gone, and all that read it. */
  async drop(relation: Relation): Promise<void> {
    await this.forget(relation.database, placeKey(relation.schema ?? '', relation.identifier));
  }

  private async forget(database: string | null, key: string): Promise<void> {
    const [schema = '', name = ''] = JSON.parse(key) as string[]; // made by placeKey
    (await this.schemas.get(keyOf(database, schema)))?.delete(name);
    const readers = this.readers.get(key);
    this.readers.delete(key);
    for (const reader of readers ?? []) await this.forget(database, reader);
  }

  async rename(from: Relation, to: Relation): Promise<void> {
    const [before, after] = [from, to].map((one) => placeKey(one.schema ?? '', one.identifier));
    if (before !== undefined && after !== undefined) {
      // What reads a relation goes on to do so under its new name.
      const readers = this.readers.get(before);
      this.readers.delete(before);
      if (readers) this.readers.set(after, readers);
      for (const known of this.readers.values()) if (known.delete(before)) known.add(after);
    }
    const relations = await this.schemas.get(keyOf(from.database, from.schema ?? ''));
    relations?.delete(from.identifier.toLowerCase());
    await this.add(to);
  }

  /** A schema that was just made is empty. */
  addSchema(database: string | null, schema: string): void {
    this.schemas.set(keyOf(database, schema), Promise.resolve(new Map()));
  }

  dropSchema(database: string | null, schema: string): void {
    this.schemas.delete(keyOf(database, schema));
  }

  clear(): void {
    this.schemas.clear();
  }
}

function placeKey(schema: string, name: string): string {
  return JSON.stringify([schema.toLowerCase(), name.toLowerCase()]);
}

function keyOf(database: string | null, schema: string): string {
  return JSON.stringify([database?.toLowerCase() ?? null, schema.toLowerCase()]);
}

function knownOf(relation: Relation): Known {
  return { name: relation.identifier, type: relation.relationType, relation };
}
