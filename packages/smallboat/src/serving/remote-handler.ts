import type { EndpointRequest, EndpointResponse } from './exchange.ts';
import type { HandlerOptions } from './handler.ts';
import { makeHandler } from './handler.ts';
import type { Predictor } from './predictor.ts';
import { refusalBody, refusalStatus } from './refusals.ts';
import { SmallboatError } from '../kernel/index.ts';

type Sequences = Parameters<Predictor['predict']>[0];

export interface RemoteHandlerOptions extends Omit<HandlerOptions, 'model'> {
  readonly model: Pick<Predictor, 'version' | 'rule' | 'encoder'>;
  /** Asks for predictions over the network, in the order of the sequences. Rejects with `UPSTREAM_FAILED`. */
  readonly ask: (sequences: Sequences) => Promise<readonly number[]>;
}

/**
 * The same handler with a model that answers later. The handler does no I/O and may be asked twice: once to see which sequences the request comes to, or
 * that it is refused; then, with their predictions at hand, to answer.
 */
export function remoteHandler(options: RemoteHandlerOptions): (request: EndpointRequest) => Promise<EndpointResponse> {
  const { model, ask, log, ...rest } = options;
  return async (request) => {
    const start = rest.timer();
    let asked: Sequences | undefined;
    const listening = makeHandler({
      ...rest,
      // A log is there or is not: feedback is refused without one. It must not be written to twice.
      ...(log === undefined ? {} : { log: { append: () => undefined, feedback: () => undefined, ...statsOf(log) } }),
      model: {
        ...model,
        predict(sequences) {
          asked = sequences;
          return new Float64Array(sequences.length);
        },
      },
    });
    const first = listening(request);
    const path = request.url.split('?')[0];
    if (asked === undefined && !(path === '/feedback' && first.status === 200)) return first;
    let predictions: readonly number[] = [];
    if (asked !== undefined) {
      try {
        predictions = await ask(asked);
      } catch (error) {
        const status = refusalStatus(error);
        if (status === undefined || !(error instanceof SmallboatError)) throw error;
        rest.onError(error, rest.newId());
        return { ...first, status, body: refusalBody(error) };
      }
    }
    // The time that an answer names begins with the request.
    let isFirst = true;
    const timer = (): number => (isFirst ? ((isFirst = false), start) : rest.timer());
    const answering = makeHandler({
      ...rest,
      timer,
      ...(log === undefined ? {} : { log }),
      model: { ...model, predict: () => predictions },
    });
    return answering(request);
  };
}

function statsOf(log: NonNullable<HandlerOptions['log']>): Pick<typeof log, 'stats'> {
  return log.stats === undefined ? {} : { stats: log.stats };
}
