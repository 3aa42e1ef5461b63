import type { AliasChange, AliasNote, ModelRegistry } from './registry.ts';
import { checkName } from './version-record.ts';

/** Where an alias points now: its last change, in the order of their names. */
export function lastChanges(history: readonly AliasChange[]): readonly AliasChange[] {
  const last = new Map(history.map((change) => [change.alias, change]));
  return [...last.values()].sort((a, b) => (a.alias < b.alias ? -1 : 1));
}

/** The number that a version is asked for by, itself or by an alias. */
export function numberOf(wanted: number | string, aliases: readonly AliasChange[]): number | undefined {
  if (/^\d+$/.test(String(wanted))) return Number(wanted);
  return aliases.find(({ alias }) => alias === wanted)?.version ?? undefined;
}

/** Names of the aliases that point to a version, or to any. */
export function pointing(aliases: readonly AliasChange[], version?: number): readonly string[] {
  return aliases.flatMap((a) => (a.version === null || (version ?? a.version) !== a.version ? [] : [a.alias]));
}

/** What a registry keeps aliases by. */
export interface AliasKeeping {
  /** Rejects where there is no such version. */
  readonly find: (name: string, version: number | string) => Promise<unknown>;
  readonly aliasesOf: (name: string) => Promise<readonly AliasChange[]>;
  /** Adds to the history. */
  readonly add: (name: string, change: AliasChange) => Promise<unknown>;
  readonly clock: () => number;
}

/** Setting an alias, and taking it away: as a change that is added to a history. */
export function aliasVerbs({ find, aliasesOf, add, clock }: AliasKeeping): Pick<ModelRegistry, 'alias' | 'unalias'> {
  const change = (name: string, of: Pick<AliasChange, 'alias' | 'version'>, note: string | AliasNote = {}) =>
    add(name, { ...of, at: clock(), ...(typeof note === 'string' ? { reason: note } : note) });
  return {
    async alias(name, version, alias, note) {
      checkName('an alias', alias);
      await find(name, version);
      await change(name, { alias, version }, note);
    },

    async unalias(name, alias, note) {
      checkName('a model', name);
      checkName('an alias', alias);
      const isSet = (await aliasesOf(name)).some((a) => a.alias === alias && a.version !== null);
      if (isSet) await change(name, { alias, version: null }, note);
    },
  };
}
