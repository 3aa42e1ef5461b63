import { nearestNames, projectErrors } from '../project/errors.ts';
import type { AdapterDescription } from './adapter.ts';
import { duckdb } from './duckdb.ts';
import { postgres } from './postgres.ts';
import { redshift } from './redshift.ts';
import { snowflake } from './snowflake.ts';

const ADAPTERS: Readonly<Record<string, AdapterDescription>> = { duckdb, postgres, redshift, snowflake };

/** The adapter that a profile names. @throws `ADAPTER_UNKNOWN`. */
export function adapterNamed(type: string, file: string | undefined): AdapterDescription {
  const found = Object.hasOwn(ADAPTERS, type) ? ADAPTERS[type] : undefined;
  if (found) return found;
  const known = Object.keys(ADAPTERS);
  throw projectErrors.ADAPTER_UNKNOWN({
    file: file ?? 'profiles.yml',
    type,
    nearest: nearestNames(type, known),
    known,
  });
}
