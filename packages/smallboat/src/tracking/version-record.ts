import * as z from 'zod';
import { isInside } from './is-inside.ts';
import type { ModelFile, NewModelVersion } from './registry.ts';
import { registryErrors } from './registry.ts';
import { LineageShape } from './run-log.ts';

/** What is kept of a version beside its files, as JSON. */
export const VersionFile = z.object({
  registeredAt: z.number(),
  files: z.array(z.object({ path: z.string().refine(isInside), bytes: z.number(), sha256: z.string() })),
  // JSON has no NaN: a metric that does not exist is null in the file.
  metrics: z.record(
    z.string(),
    z
      .number()
      .nullable()
      .transform((value) => value ?? Number.NaN),
  ),
  trackedRun: z.string().exactOptional(),
  lineage: LineageShape.default({}),
  gate: z.object({ passed: z.boolean(), reason: z.string() }).exactOptional(),
  reason: z.string().exactOptional(),
  tags: z.record(z.string(), z.string()).default({}),
});

/** Tags that a version was given later, beside its record. */
export const TagFile = z.record(z.string(), z.string());

/** Numbers of versions among the names of folders, in their order. */
export function versionNumbers(folders: readonly string[]): readonly number[] {
  return folders
    .filter((folder) => /^[1-9]\d{0,8}$/.test(folder))
    .map(Number)
    .sort((a, b) => a - b);
}

const NAME = /^[a-z0-9][\w.-]{0,63}$/i;

/** Throws `MODEL_NAME_INVALID`. */
export function checkName(what: string, name: string): void {
  if (!NAME.test(name) || (what === 'an alias' && /^\d+$/.test(name))) {
    throw registryErrors.MODEL_NAME_INVALID({ what, name });
  }
}

export function isName(name: string): boolean {
  return NAME.test(name);
}

/** A version as `VersionFile` reads it. */
export function recordOf(model: NewModelVersion, files: readonly ModelFile[], registeredAt: number): object {
  const { name: _, modelFolder: __, metrics = {}, ...about } = model;
  return { registeredAt, files, metrics, ...about };
}
