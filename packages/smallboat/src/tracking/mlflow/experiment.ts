import * as z from 'zod';
import { destinationErrors } from '../destination.ts';
import type { MlflowClient } from './client.ts';

/** Of two that ask at once for an experiment that is not there, one makes it and the other finds it. */
export async function experimentIdOf(client: MlflowClient, name: string, signal?: AbortSignal): Promise<string> {
  const find = async (): Promise<string | undefined> => {
    try {
      const { experiment } = z
        .object({ experiment: z.object({ experiment_id: z.string() }) })
        .parse(await client.get('experiments/get-by-name', { experiment_name: name }, signal));
      return experiment.experiment_id;
    } catch (error) {
      if (destinationErrors.DESTINATION_REFUSED.is(error) && error.facts.status === 404) return undefined;
      throw error;
    }
  };
  const found = await find();
  if (found !== undefined) return found;
  try {
    return z.object({ experiment_id: z.string() }).parse(await client.post('experiments/create', { name }, signal))
      .experiment_id;
  } catch (error) {
    const made = destinationErrors.DESTINATION_REFUSED.is(error) ? await find() : undefined;
    if (made === undefined) throw error;
    return made;
  }
}
