import * as z from 'zod';
import { defineErrors } from '../../kernel/index.ts';

export const containerErrors = defineErrors({
  CONTAINER_SETTING_INVALID: (f: { problem: string }) =>
    `The container's environment does not fit: ${f.problem}. Correct it in the model's Environment (CreateModel).`,
  CONTAINER_CALLED_WRONGLY: (f: { argument: string }) =>
    `The container was started with '${f.argument}', and knows only 'serve', as SageMaker starts it. It trains nothing.`,
});

const Environment = z.object({
  /** Where SageMaker has unpacked model.tar.gz. */
  SM_MODEL_DIR: z.string().min(1).default('/opt/ml/model'),
  /** The port, where several containers share a machine. */
  SAGEMAKER_BIND_TO_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  SMALLBOAT_ENDPOINT_NAME: z.string().min(1).default('intent'),
  /** 6 MiB is what SageMaker lets through to an endpoint of the older limit, and what batch transform sends at once by default. */
  SMALLBOAT_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .max(100 << 20)
    .default(6 << 20),
  SMALLBOAT_INSTANCES: z.coerce.number().int().min(1).default(100_000),
  /** `stdout`: predictions go to the container's log. */
  SMALLBOAT_LOG: z.enum(['none', 'stdout']).default('none'),
});

export interface ContainerSettings {
  readonly modelFolder: string;
  readonly port: number;
  readonly endpointName: string;
  readonly bodyBytes: number;
  readonly instances: number;
  readonly logsToOutput: boolean;
}

/** The settings in a container's environment. Throws `CONTAINER_SETTING_INVALID`. */
export function containerSettings(env: Readonly<Record<string, string | undefined>>): ContainerSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    throw containerErrors.CONTAINER_SETTING_INVALID({ problem: z.prettifyError(parsed.error) });
  }
  const { data } = parsed;
  return {
    modelFolder: data.SM_MODEL_DIR,
    port: data.SAGEMAKER_BIND_TO_PORT,
    endpointName: data.SMALLBOAT_ENDPOINT_NAME,
    bodyBytes: data.SMALLBOAT_BODY_BYTES,
    instances: data.SMALLBOAT_INSTANCES,
    logsToOutput: data.SMALLBOAT_LOG === 'stdout',
  };
}
