import { join } from 'node:path';
import * as z from 'zod';
import { defineErrors } from '../../kernel/index.ts';
import type { Cors } from '../cors.ts';

export const lambdaErrors = defineErrors({
  LAMBDA_SETTING_INVALID: (f: { problem: string }) =>
    `The function's environment does not fit: ${f.problem}. Correct it, and deploy again.`,
  LAMBDA_EVENT_UNKNOWN: (f: { keys: string }) =>
    `The event is none of API Gateway (1.0, 2.0), and has neither 'session' nor 'instances'; it has ${f.keys}. Invoke it by its URL, or with {"session":"view,add"}.`,
});

const Environment = z.object({
  /** The endpoint of SageMaker that it stands in front of. Without it the model in the package answers. */
  SAGEMAKER_ENDPOINT_NAME: z.string().min(1).optional(),
  SMALLBOAT_ENDPOINT_NAME: z.string().min(1).optional(),
  SMALLBOAT_MODEL_FOLDER: z.string().min(1).optional(),
  AWS_REGION: z.string().optional(),
  /** Origins with commas between, or `*`, as the original project had it. */
  SMALLBOAT_CORS: z.string().default('*'),
  /** Entries of a key file as JSON: `[{"name":"shop","sha256":"…","scopes":["predict"]}]`. */
  SMALLBOAT_KEYS: z.string().optional(),
  SMALLBOAT_LOG: z.enum(['none', 'stdout']).default('stdout'),
});

export interface LambdaSettings {
  readonly endpointName: string;
  /** Where the model lies, or the endpoint that has it. */
  readonly model:
    | { readonly kind: 'folder'; readonly folder: string }
    | { readonly kind: 'sagemaker'; readonly endpoint: string; readonly region?: string };
  readonly cors: Cors;
  readonly keys?: string;
  readonly logsToOutput: boolean;
}

/** The settings in a function's environment; `root`: where its package lies. Throws `LAMBDA_SETTING_INVALID`. */
export function lambdaSettings(env: Readonly<Record<string, string | undefined>>, root: string): LambdaSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) throw lambdaErrors.LAMBDA_SETTING_INVALID({ problem: z.prettifyError(parsed.error) });
  const { data } = parsed;
  const endpoint = data.SAGEMAKER_ENDPOINT_NAME;
  const origins = data.SMALLBOAT_CORS.split(',').map((origin) => origin.trim());
  return {
    endpointName: data.SMALLBOAT_ENDPOINT_NAME ?? endpoint ?? 'intent',
    model:
      endpoint === undefined
        ? { kind: 'folder', folder: data.SMALLBOAT_MODEL_FOLDER ?? join(root, 'model') }
        : { kind: 'sagemaker', endpoint, ...(data.AWS_REGION === undefined ? {} : { region: data.AWS_REGION }) },
    cors: { origins: origins.includes('*') ? '*' : origins },
    ...(data.SMALLBOAT_KEYS === undefined ? {} : { keys: data.SMALLBOAT_KEYS }),
    logsToOutput: data.SMALLBOAT_LOG === 'stdout',
  };
}
