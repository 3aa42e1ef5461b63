import { randomUUID } from 'node:crypto';
import type { SessionEvent } from '../../features/index.ts';
import { sessionEncoder } from '../../features/index.ts';
import type { Telemetry } from '../../telemetry/index.ts';
import { apiKeys, parseKeys } from '../keys.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { lineSink } from '../line-sink.ts';
import { loadPredictor } from '../load-predictor.ts';
import type { Predictor } from '../predictor.ts';
import { remoteHandler } from '../remote-handler.ts';
import { requestTelemetry } from '../request-telemetry.ts';
import { askEndpoint } from '../sagemaker/ask-endpoint.ts';
import type { Service, ServiceOptions, ServiceRequest } from '../service.ts';
import { makeService } from '../service.ts';
import { requestOfEvent, resultOf } from './api-event.ts';
import type { LambdaSettings } from './lambda-settings.ts';
import { lambdaErrors } from './lambda-settings.ts';

export interface LambdaHandlerOptions extends LambdaSettings {
  /** A line of the function's log. */
  readonly write: (line: string) => void;
  /** Gets spans and metrics of requests, before an answer is given: Lambda stops the function between two requests. */
  readonly telemetry?: Telemetry;
}

/** A function as Lambda calls it. */
export type LambdaHandler = (event: unknown) => Promise<unknown>;

/**
 * The endpoint as a function: for events of API Gateway and function URLs, and for those who invoke it themselves with `{"session":"view,add"}` or
 * `{"instances":[…]}`, and with `traceparent` beside it where they are in a trace. Its model is in the package, or it stands in front of an endpoint of SageMaker.
 */
export async function lambdaHandler(options: LambdaHandlerOptions): Promise<LambdaHandler> {
  const { web, direct } = await servicesOf(options);
  return async (event) => {
    const request = requestOfEvent(event);
    if (request !== undefined) {
      const answer = await web.answer(request);
      await options.telemetry?.flush();
      return resultOf(answer);
    }
    const { body, status } = await direct.answer(directRequest(event));
    await options.telemetry?.flush();
    const answer = JSON.parse(body) as { readonly error?: string; readonly reason?: string };
    // Who invokes it without HTTP has no status to look at.
    if (status !== 200) throw Object.assign(new Error(answer.reason), { name: answer.error ?? 'Error' });
    return answer;
  };
}

/** The service for requests over HTTP, and one for invocations that IAM has let through, which need no key. */
async function servicesOf(options: LambdaHandlerOptions): Promise<{ readonly web: Service; readonly direct: Service }> {
  const { endpointName, model, cors, keys, logsToOutput, write, telemetry } = options;
  const common = {
    endpoint: endpointName,
    limits: DEFAULT_LIMITS,
    clock: Date.now,
    timer: () => performance.now(),
    newId: randomUUID,
    onError: (error: unknown, id: string) =>
      write(`${id} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    ...(logsToOutput ? { log: lineSink(write) } : {}),
    ...(telemetry === undefined ? {} : { observer: requestTelemetry(telemetry, endpointName) }),
  };
  const around = { cors, ...(keys === undefined ? {} : { keys: apiKeys(parseKeys(keys, 'SMALLBOAT_KEYS')) }) };
  const both = (rest: Pick<ServiceOptions, 'model' | 'remote'>): { web: Service; direct: Service } => ({
    web: makeService({ ...common, ...around, ...rest }),
    direct: makeService({ ...common, ...rest }),
  });
  if (model.kind === 'folder') return both({ model: await loadPredictor(model.folder) });
  const named = {
    version: `sagemaker:${model.endpoint}`,
    // Whole sessions between a start and an end, as the original project sent them; our container takes them apart again.
    rule: { protocol: 'seed', maxEvents: DEFAULT_LIMITS.events },
  } as const;
  const plain = sessionEncoder(named.rule);
  const encoder = {
    encode(events: readonly SessionEvent[]) {
      const saysMore = events.some((event) => Object.keys(event).length > 1);
      return { ...plain.encode(events), ...(saysMore ? { events } : {}) };
    },
  };
  const nobody: Predictor = {
    ...named,
    predict: () => {
      throw new Error('The model is asked over the network.');
    },
  };
  const ask = await askEndpoint(model);
  return both({ model: nobody, remote: remoteHandler({ ...common, model: { ...named, encoder }, ask }) });
}

function directRequest(event: unknown): ServiceRequest {
  const { session, instances, traceparent } = { ...(event as Readonly<Record<string, unknown>> | null) };
  const headers = typeof traceparent === 'string' ? { traceparent } : {};
  if (typeof session === 'string') {
    const url = `/predict?${new URLSearchParams({ session }).toString()}`;
    return { method: 'GET', url, body: new Uint8Array(), headers };
  }
  if (instances === undefined) {
    const keys =
      typeof event === 'object' && event !== null ? Object.keys(event).slice(0, 10).join(', ') : typeof event;
    throw lambdaErrors.LAMBDA_EVENT_UNKNOWN({ keys: keys === '' ? 'nothing' : keys });
  }
  const body = Buffer.from(JSON.stringify({ instances }));
  return { method: 'POST', url: '/invocations', body, contentType: 'application/json', headers };
}
