import * as z from 'zod';
import type { SessionEvent } from '../../features/index.ts';
import { VOCABULARY_SIZE } from '../../features/index.ts';
import { optionalPackage } from '../../kernel/index.ts';
import { requestErrors } from '../refusals.ts';

export interface AskEndpointOptions {
  /** Name of the endpoint of SageMaker. */
  readonly endpoint: string;
  readonly region?: string;
  /** Default 5: a shopper does not wait for longer. */
  readonly timeoutSeconds?: number;
}

const Answer = z.object({ predictions: z.array(z.union([z.number(), z.tuple([z.number()])])) });

/** A session to ask about: its tokens, and its events where they say more than their actions. */
export interface AskedSession {
  readonly tokens: Uint8Array;
  readonly events?: readonly SessionEvent[];
}

/**
 * Asks an endpoint of SageMaker in the form of TensorFlow Serving that the original project sent, `{"instances": [[[0,0,1,…], …]]}`: one-hot rows over start,
 * end, add, remove, purchase, detail, view. Our container takes it, and a TensorFlow endpoint that the original project deployed does too. Events that
 * say more than their actions go as they came, for a model with features in our container.
 * Rejects with `PACKAGE_MISSING`; what it gives rejects with `UPSTREAM_FAILED`.
 */
export async function askEndpoint(
  options: AskEndpointOptions,
): Promise<(sessions: readonly AskedSession[]) => Promise<readonly number[]>> {
  const { endpoint, region, timeoutSeconds = 5 } = options;
  const sdk = await optionalPackage(
    '@aws-sdk/client-sagemaker-runtime',
    'A function in front of SageMaker',
    () => import('@aws-sdk/client-sagemaker-runtime'),
  );
  const client = new sdk.SageMakerRuntimeClient({ ...(region === undefined ? {} : { region }), maxAttempts: 2 });
  return async (sessions) => {
    const body = JSON.stringify({
      instances: sessions.map(({ tokens, events }) => events ?? Array.from(tokens, oneHot)),
    });
    try {
      const { Body } = await client.send(
        new sdk.InvokeEndpointCommand({
          EndpointName: endpoint,
          ContentType: 'application/json',
          Accept: 'application/json',
          Body: Buffer.from(body),
        }),
        { abortSignal: AbortSignal.timeout(timeoutSeconds * 1000) },
      );
      const { predictions } = Answer.parse(JSON.parse(new TextDecoder().decode(Body)));
      if (predictions.length !== sessions.length)
        throw new Error(`${predictions.length} for ${sessions.length} sessions`);
      return predictions.map((p) => (typeof p === 'number' ? p : p[0]));
    } catch (cause) {
      // What AWS says may name accounts and roles: the client gets its kind alone, the log the cause.
      const problem = cause instanceof Error ? cause.name : 'unknown';
      throw requestErrors.UPSTREAM_FAILED({ endpoint, problem }, { cause });
    }
  };
}

function oneHot(token: number): readonly number[] {
  return Array.from({ length: VOCABULARY_SIZE }, (_, i) => (i === token ? 1 : 0));
}
