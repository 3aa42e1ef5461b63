import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dataset, SessionEvent } from 'smallboat/features';
import { ACTIONS, DECISION_POINTS, TOKENS, exampleCount, readSessions, rowsAt, sequenceAt } from 'smallboat/features';
import { step } from 'smallboat/flow';
import { defineErrors } from 'smallboat/kernel';
import { startEndpoint } from 'smallboat/serving';
import { loadModel } from 'smallboat/training';
import type { Deployed } from './deploy-to.ts';
import { deployTo } from './deploy-to.ts';
import type { FolderFiles } from './folder-files.ts';
import { readFolder, writeFolder } from './folder-files.ts';
import { homeOf } from './home.ts';
import type { Chosen } from './select.ts';
import { MODEL } from './select.ts';
import type { Tables } from './tables.ts';
import { openTables } from './tables.ts';

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
  /** The prediction log of this machine. */
  readonly log: string;
  /** What was logged of these predictions: segments by name. */
  readonly predictions: FolderFiles;
  /** Where it is deployed for others to ask; null where the settings name no place, or the gate refused the model. */
  readonly deployed: Deployed | null;
}

export interface DeployInputs {
  readonly chosen: Chosen;
  readonly examples: Dataset;
  readonly checked: Tables;
  readonly home: string;
}

/**
 * Starts an endpoint from the model folder, asks it about sessions of the test part as a shop would, and stops it. The sessions come from the
 * warehouse as their events are there; what the endpoint makes of them must be what the dataset has, byte by byte. A model that the gate let
 * through is then deployed where the settings say.
 */
export const deploy = step('deploy', {
  cache: false,
  run: async ({ chosen, examples, checked, home }: DeployInputs, { card, log, progress, signal, tempFolder }) => {
    const here = await homeOf(home, { tempFolder });
    const [modelFolder, logFolder] = [join(await tempFolder(), 'model'), join(await tempFolder(), 'predictions')];
    await writeFolder(modelFolder, chosen.model);
    const model = await loadModel(modelFolder);
    const questions = await questionsOf(examples, checked, signal);
    const since = Date.now();
    await using endpoint = await startEndpoint({ modelFolder, endpointName: MODEL, logFolder, signal });
    log('endpoint started', { url: endpoint.url, pid: endpoint.pid });
    const count = questions.length;
    const times: number[] = [];
    let first: { readonly session: string; readonly prediction: number } | undefined;
    for (const [i, { events, tokens, rows }] of questions.entries()) {
      const session = events.map(({ action }) => (action === 'pageview' ? 'view' : action)).join(',');
      const began = performance.now();
      const answer = await ask(endpoint.url, { session, ...(model.features === undefined ? {} : { events }) }, signal);
      times.push(performance.now() - began);
      const encoded = { tokens, ...(model.features === undefined ? {} : { rows }) };
      const expected = model.predict([encoded])[0] ?? Number.NaN;
      if (!(Math.abs(answer - expected) <= 1e-6)) {
        throw deployErrors.ENDPOINT_DISAGREES({ session, endpoint: answer, model: expected });
      }
      first ??= { session, prediction: answer };
      progress((i + 1) / count, `${i + 1} predictions over HTTP`);
    }
    await endpoint.stop();
    const predictions = await readFolder(logFolder);
    const ownLog = join(here.folder, 'monitoring', 'predictions');
    await writeFolder(ownLog, predictions);
    const deployed = chosen.version === null ? null : await deployTo(MODEL, { modelFolder, home: here, say: log });
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
      log: here.pathOf(ownLog),
      predictions,
      deployed,
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
      { kind: 'text', text: `Session ${served.session} → ${served.prediction.toFixed(4)}` },
      ...(deployed === null
        ? []
        : [{ kind: 'text' as const, text: `Deployed as ${deployed.name}: ${deployed.location}` }]),
    );
    return { served, kept: await here.kept() };
  },
});

interface Question {
  /** As the warehouse has them, up to the decision point. */
  readonly events: readonly SessionEvent[];
  /** As the dataset has them. */
  readonly tokens: Uint8Array;
  readonly rows: Uint8Array;
}

/** Examples of the test part beside the events that they were made from. */
async function questionsOf(
  { test, splitAt, protocol }: Dataset,
  checked: Tables,
  signal: AbortSignal,
): Promise<readonly Question[]> {
  const count = Math.min(ASKED, exampleCount(test));
  const stride = Math.max(1, Math.floor(exampleCount(test) / count));
  const picked = Array.from({ length: count }, (_, i) => i * stride);
  // The original project's sequences are not beginnings of sessions: they are asked as they are.
  if (protocol === 'seed' || test.session === undefined) {
    return picked.map((i) => {
      const tokens = sequenceAt(test, i);
      const actions = [...tokens]
        .filter((token) => token >= TOKENS.add)
        .map((token) => ACTIONS[token - TOKENS.add] ?? 'view');
      return { events: actions.map((action) => ({ action })), tokens, rows: rowsAt(test, i) };
    });
  }
  await using warehouse = await openTables(checked, signal);
  const sessions = new Set(picked.map((i) => test.session?.[i] ?? -1));
  const from = splitAt.validationUntil;
  const raw = await readSessions(warehouse, { from, sessions: [...sessions], limit: sessions.size, signal });
  const eventsOf = new Map(raw.map(({ session, events }) => [session, events]));
  return picked.flatMap((i) => {
    const events = eventsOf.get(test.session?.[i] ?? -1);
    const tokens = sequenceAt(test, i);
    if (events === undefined) return [];
    const added = events.findIndex(({ action }) => action === 'add');
    const until = added + 1 + (DECISION_POINTS[test.decision[i] ?? 0] ?? 0);
    return [{ events: events.slice(0, until), tokens, rows: rowsAt(test, i) }];
  });
}

/** Asks as a shop would: by the address where actions are all there is, else with what is known of each event. */
async function ask(
  url: string,
  { session, events }: { readonly session: string; readonly events?: readonly SessionEvent[] },
  signal: AbortSignal,
): Promise<number> {
  const { TRACEPARENT: traceparent } = process.env;
  const trace = traceparent === undefined ? {} : { traceparent };
  if (events === undefined) {
    const response = await answered(
      () => fetch(`${url}/predict?session=${session}`, { headers: trace, signal }),
      signal,
    );
    const body = (await response.json()) as { readonly prediction?: unknown };
    return typeof body.prediction === 'number' ? body.prediction : Number.NaN;
  }
  const asked = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...trace },
    body: JSON.stringify({ instances: [{ events }] }),
    signal,
  };
  const response = await answered(() => fetch(`${url}/invocations`, asked), signal);
  const body = (await response.json()) as { readonly predictions?: readonly (readonly unknown[])[] };
  const prediction = body.predictions?.[0]?.[0];
  return typeof prediction === 'number' ? prediction : Number.NaN;
}

/** An endpoint on a machine that has much else to do answers 503 until it has caught up: it is asked again, for half a minute at most. */
async function answered(ask: () => Promise<Response>, signal: AbortSignal): Promise<Response> {
  for (let left = 150; ; left--) {
    const response = await ask();
    if (response.status !== 503 || left === 0) return response;
    await response.body?.cancel();
    await delay(200, undefined, { signal });
  }
}
