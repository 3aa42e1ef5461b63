import { defineErrors } from '../kernel/index.ts';
import { versionBefore } from './alias-history.ts';
import type { ModelRegistry, ModelVersion } from './registry.ts';
import { CHAMPION } from './registry.ts';

export interface PromoteOptions {
  /** Default `champion`. */
  readonly alias?: string;
  /** Why, for the history. Default what the gate said. */
  readonly reason?: string;
  readonly by?: string;
  /** Why a model may serve that the gate refused, or never judged. It is kept in the history. */
  readonly override?: string;
}

export interface RollbackOptions extends Omit<PromoteOptions, 'override'> {
  /** The version to go back to. Default the one that served before. */
  readonly to?: number;
}

export const promoteErrors = defineErrors({
  PROMOTION_REFUSED: (f: { name: string; version: number; verdict: string }) =>
    `Model ${f.name} version ${f.version} is not promoted. ${f.verdict} Train a better one, or say with --override why it may serve all the same.`,
  ROLLBACK_IMPOSSIBLE: (f: { name: string; alias: string; location: string }) =>
    `No version of model ${f.name} was ${f.alias} before the present one in ${f.location}. 'smallboat models history' shows which were; '--to' names another.`,
});

/**
 * Lets an alias point to a version if the gate let the model pass when it was made, after its files were checked. Rejects
 * with `PROMOTION_REFUSED`, `MODEL_VERSION_NOT_FOUND`, `MODEL_VERSION_CORRUPT`.
 */
export async function promote(
  registry: ModelRegistry,
  name: string,
  version: number,
  options: PromoteOptions = {},
): Promise<ModelVersion> {
  const { alias = CHAMPION, by, override } = options;
  const { gate } = await registry.version(name, version);
  const verdict = gate?.reason ?? 'It was registered without a verdict of the gate.';
  if (gate?.passed !== true && override === undefined) {
    throw promoteErrors.PROMOTION_REFUSED({ name, version, verdict });
  }
  const reason =
    override === undefined || gate?.passed === true ? (options.reason ?? verdict) : `Gate overridden: ${override}`;
  await registry.alias(name, version, alias, { kind: 'promote', reason, ...(by === undefined ? {} : { by }) });
  return registry.version(name, version);
}

/**
 * Lets an alias point to the version that it pointed to before; once more goes one further back. The version's files are
 * checked first. Rejects with `ROLLBACK_IMPOSSIBLE`, `MODEL_VERSION_NOT_FOUND`, `MODEL_VERSION_CORRUPT`.
 */
export async function rollback(
  registry: ModelRegistry,
  name: string,
  options: RollbackOptions = {},
): Promise<ModelVersion> {
  const { alias = CHAMPION, by, reason } = options;
  const to = options.to ?? versionBefore(await registry.aliasHistory(name), alias);
  if (to === undefined) throw promoteErrors.ROLLBACK_IMPOSSIBLE({ name, alias, location: registry.location });
  await registry.version(name, to);
  const note = { ...(reason === undefined ? {} : { reason }), ...(by === undefined ? {} : { by }) };
  await registry.alias(name, to, alias, { kind: 'rollback', ...note });
  return registry.version(name, to);
}
