import { messageOf } from '../kernel/index.ts';
import { readInstances } from './instances.ts';
import { requestErrors, shown } from './refusals.ts';
import type { EndpointRequest } from './exchange.ts';

/** A text that an answer is, in place of JSON. */
export class TextAnswer {
  readonly contentType: string;
  readonly text: string;

  constructor(contentType: string, text: string) {
    this.contentType = contentType;
    this.text = text;
  }
}

const CSV = 'text/csv';
const LINES = ['application/jsonlines', 'application/x-ndjson', 'application/jsonl'];

/**
 * The sessions of a `POST /invocations`: JSON (`{"instances":[…]}`), JSON Lines (an instance a line) or CSV (a session a line, its actions
 * with commas between), as SageMaker's batch transform cuts files into.
 *
 * @throws BODY_INVALID, BODY_NOT_JSON, CONTENT_TYPE_UNSUPPORTED, TOO_MANY_INSTANCES
 */
export function readSessions(request: EndpointRequest, limit: number): ReturnType<typeof readInstances> {
  const type = typeOf(request.contentType);
  if (type === CSV) return readInstances({ instances: linesOf(request).map(sessionOfRow) }, limit);
  if (type !== undefined && LINES.includes(type)) {
    const instances = linesOf(request).map((line, i) => parse(line, `line ${i + 1}: `));
    return readInstances({ instances }, limit);
  }
  return readInstances(readJson(request), limit);
}

/** Predictions in the form that the request asks for: JSON unless it accepts CSV or JSON Lines alone, or sent one of them and accepts anything. */
export function writePredictions(
  request: EndpointRequest,
  predictions: readonly number[],
  more: Readonly<Record<string, unknown>>,
): unknown {
  const form = formOf(request);
  // No line break at the end: SageMaker puts one between the answers it joins.
  if (form === CSV) return new TextAnswer(`${CSV}; charset=utf-8`, predictions.join('\n'));
  if (form !== undefined) {
    return new TextAnswer(form, predictions.map((prediction) => JSON.stringify({ prediction })).join('\n'));
  }
  return { predictions: predictions.map((prediction) => [prediction]), ...more };
}

/** The body of a request as JSON. */
export function readJson(request: EndpointRequest): unknown {
  const type = typeOf(request.contentType);
  if (type !== undefined && type !== 'application/json' && !type.endsWith('+json')) {
    throw requestErrors.CONTENT_TYPE_UNSUPPORTED({ type: shown(type) });
  }
  const text = textOf(request);
  return parse(text, '');
}

function formOf({ accept, contentType }: EndpointRequest): string | undefined {
  const accepted = (accept ?? '*/*').split(',').map(typeOf);
  for (const type of accepted) {
    if (type === 'application/json') return undefined;
    if (type === CSV || (type !== undefined && LINES.includes(type))) return type;
  }
  const sent = typeOf(contentType);
  return sent === CSV || (sent !== undefined && LINES.includes(sent)) ? sent : undefined;
}

function typeOf(value: string | undefined): string | undefined {
  return value?.split(';')[0]?.trim().toLowerCase();
}

function textOf({ body }: EndpointRequest): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw requestErrors.BODY_NOT_JSON({ problem: shown(messageOf(cause)) }, { cause });
  }
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const problem = text === '' ? 'it is empty' : `${place}${messageOf(cause)}`;
    throw requestErrors.BODY_NOT_JSON({ problem: shown(problem) }, { cause });
  }
}

function linesOf(request: EndpointRequest): readonly string[] {
  return textOf(request)
    .split(/\r?\n/)
    .filter((line) => line !== '');
}

/** `view,detail,add` or `"view,detail,add"`: one quoted field is a session too, as spreadsheets write it. */
function sessionOfRow(row: string): readonly string[] {
  const [, quoted] = /^"([^"]*)"$/.exec(row) ?? [];
  return (quoted ?? row).split(',').map((action) => action.trim().replace(/^"(.*)"$/, '$1'));
}
