import { join } from 'node:path';
import type { Dataset } from 'smallboat/features';
import { ACTIONS, TOKENS, exampleCount, sequenceAt } from 'smallboat/features';
import { step } from 'smallboat/flow';
import { defineErrors } from 'smallboat/kernel';
import { startEndpoint } from 'smallboat/serving';
import { loadModel } from 'smallboat/training';
import type { Chosen } from './select.ts';
import { MODEL } from './select.ts';

/** Sessions of the test part that are asked about over HTTP before the endpoint counts as deployed. */
const ASKED = 500;

export const deployErrors = defineErrors({
  ENDPOINT_DISAGREES: (f: { session: string; endpoint: number; model: number }) =>
    `For the session ${f.session} the endpoint answers ${f.endpoint} and the model in the training process ${f.model}. The two must not differ: check that both run this version of Smallboat.`,
});

/** What the smoke test found. */
export interface Served {
  readonly endpoint: string;
  readonly url: string;
  readonly modelVersion: string;
  /** The first question and its answer. */
  readonly session: string;
  readonly prediction: number;
  readonly asked: number;
  /** Milliseconds a request, seen from the client: median and 99th percentile. */
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds since 1970, just before the first request. */
  readonly since: number;
  readonly log: string;
}

/** Starts an endpoint from the model folder, asks it about sessions of the test part, and stops it. */
export const deploy = step('deploy', {
  run: async (
    { chosen, examples, home }: { chosen: Chosen; examples: Dataset; home: string },
    { card, log, progress, signal },
  ) => {
    const logFolder = join(home, 'monitoring', 'predictions');
    const model = await loadModel(chosen.folder);
    const since = Date.now();
    await using endpoint = await startEndpoint({ modelFolder: chosen.folder, endpointName: MODEL, logFolder, signal });
    log('endpoint started', { url: endpoint.url, pid: endpoint.pid });
    const { test } = examples;
    const count = Math.min(ASKED, exampleCount(test));
    const stride = Math.max(1, Math.floor(exampleCount(test) / count));
    const times: number[] = [];
    let first: { readonly session: string; readonly prediction: number } | undefined;
    for (let i = 0; i < count; i++) {
      const tokens = sequenceAt(test, i * stride);
      const session = [...tokens]
        .filter((t) => t >= TOKENS.add)
        .map((t) => ACTIONS[t - TOKENS.add])
        .join(',');
      const began = performance.now();
      const answer = await ask(endpoint.url, session, signal);
      times.push(performance.now() - began);
      const expected = model.predict([tokens])[0] ?? Number.NaN;
      if (Math.abs(answer - expected) > 1e-6) {
        throw deployErrors.ENDPOINT_DISAGREES({ session, endpoint: answer, model: expected });
      }
      first ??= { session, prediction: answer };
      progress((i + 1) / count, `${i + 1} predictions over HTTP`);
    }
    await endpoint.stop();
    times.sort((a, b) => a - b);
    const at = (share: number): number => Number((times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(2));
    const served: Served = {
      endpoint: MODEL,
      url: endpoint.url,
      modelVersion: endpoint.modelVersion,
      session: first?.session ?? '',
      prediction: first?.prediction ?? Number.NaN,
      asked: count,
      p50: at(0.5),
      p99: at(0.99),
      since,
      log: logFolder,
    };
    card(
      {
        kind: 'figures',
        figures: [
          { label: 'predictions over HTTP', value: String(count), note: 'all equal to the model’s own' },
          { label: 'median', value: `${served.p50} ms` },
          { label: '99th percentile', value: `${served.p99} ms` },
        ],
      },
      { kind: 'text', text: `GET /predict?session=${served.session} → ${served.prediction.toFixed(4)}` },
    );
    return { served };
  },
});

async function ask(url: string, session: string, signal: AbortSignal): Promise<number> {
  const response = await fetch(`${url}/predict?session=${session}`, { signal });
  const body = (await response.json()) as { readonly prediction?: unknown };
  return typeof body.prediction === 'number' ? body.prediction : Number.NaN;
}
