import { ACTIONS } from '../features/index.ts';
import { VERSION } from '../kernel/index.ts';
import { LONGEST } from './instances.ts';
import type { Limits } from './limits.ts';

/** What the document depends on. */
export interface OpenApiOptions {
  readonly endpoint: string;
  readonly limits: Limits;
  /** Whether requests need a key. */
  readonly hasKeys: boolean;
}

/** An operation of the document, as far as the page of it reads it. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly { readonly name: string; readonly description: string; readonly example?: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example: unknown }>> };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

/** An OpenAPI 3.1 document. */
export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly [more: string]: unknown;
}

const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object, example?: unknown): object => ({
  'application/json': { schema, ...(example === undefined ? {} : { example }) },
});

/** The endpoint as an OpenAPI 3.1 document, for clients that are generated and people who read. */
export function openApi({ endpoint, limits, hasKeys }: OpenApiOptions): OpenApi {
  const secured = (scope: string): object => (hasKeys ? { security: [{ bearer: [scope] }, { apiKey: [scope] }] } : {});
  const refusal = (description: string): object => ({ description, content: json(ref('Refusal')) });
  const refusals: Record<string, object> = {
    '400': refusal('What was sent does not fit; the reason says what'),
    '413': refusal('Too much at once'),
    '503': refusal('Overloaded: ask again in a second'),
    ...(hasKeys
      ? { '401': refusal('No key, or one that is not known'), '403': refusal('The key may not do this') }
      : {}),
  };
  const ok = (description: string, content: object): object => ({ description, content });
  const document = {
    openapi: '3.1.0',
    info: {
      title: `Endpoint ${endpoint}`,
      version: VERSION,
      description: 'Will this shopper, who has put something in the cart, buy?',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: {
      '/predict': {
        get: {
          operationId: 'predict',
          summary: 'The probability of a purchase for one session',
          ...secured('predict'),
          parameters: [
            {
              name: 'session',
              in: 'query',
              required: true,
              description: `What the shopper did, in order, with commas between; at most ${limits.events} actions: ${ACTIONS.join(', ')}.`,
              schema: { type: 'string' },
              example: 'view,detail,add',
            },
            {
              name: 'sessionId',
              in: 'query',
              description: 'What the shop calls the session: kept in the log, so that its purchase is found later.',
              schema: { type: 'string', maxLength: LONGEST },
            },
          ],
          responses: {
            '200': ok('A prediction', json(ref('Prediction'))),
            ...refusals,
            '414': refusal('The URL is too long'),
          },
        },
      },
      '/invocations': {
        post: {
          operationId: 'invoke',
          summary: 'The same for many sessions',
          description: `At most ${limits.instances} sessions and ${limits.bodyBytes} bytes. The answer is CSV or JSON Lines where that is what is sent, or what Accept asks for.`,
          ...secured('predict'),
          requestBody: {
            required: true,
            content: {
              ...json(ref('Instances'), { instances: [['view', 'detail', 'add'], ['add']] }),
              'text/csv': { schema: { type: 'string' }, example: 'view,detail,add\nadd' },
              'application/jsonlines': { schema: { type: 'string' }, example: '["view","detail","add"]\n["add"]' },
            },
          },
          responses: {
            '200': ok('Predictions, in the order of the sessions', {
              ...json(ref('Predictions')),
              'text/csv': { schema: { type: 'string' } },
              'application/jsonlines': { schema: { type: 'string' } },
            }),
            ...refusals,
            '415': refusal('The form of the body is not known'),
          },
        },
      },
      '/feedback': {
        post: {
          operationId: 'feedback',
          summary: 'What came of predictions',
          ...secured('feedback'),
          requestBody: {
            required: true,
            content: json(ref('Feedback'), { feedback: [{ id: 'an id of a prediction', label: 1 }] }),
          },
          responses: { '200': ok('Kept', json(ref('Accepted'))), ...refusals, '404': refusal('No log is kept here') },
        },
      },
      '/ping': {
        get: { operationId: 'ping', summary: 'Is it up?', responses: { '200': ok('It is', json({ type: 'object' })) } },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: 'Metrics for Prometheus',
          ...secured('metrics'),
          responses: { '200': ok('Text format 0.0.4', { 'text/plain': { schema: { type: 'string' } } }) },
        },
      },
    },
    components: {
      schemas: SCHEMAS,
      ...(hasKeys
        ? {
            securitySchemes: {
              bearer: { type: 'http', scheme: 'bearer' },
              apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
            },
          }
        : {}),
    },
  };
  return document as unknown as OpenApi; // Built of parts whose types say only that they are objects.
}

const probability = { type: 'number', minimum: 0, maximum: 1 };
const id = { type: 'string', minLength: 1, maxLength: 128 };
const object = (properties: Readonly<Record<string, object>>): object => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});
const oneHot = { type: 'array', items: { type: 'integer', enum: [0, 1] }, minItems: 7, maxItems: 7 };

const SCHEMAS = {
  Prediction: object({
    prediction: probability,
    time: { type: 'number', description: 'seconds' },
    endpoint: { type: 'string' },
    id,
    model: { type: 'string' },
  }),
  Instances: object({
    instances: {
      type: 'array',
      minItems: 1,
      items: {
        anyOf: [
          { type: 'array', items: { anyOf: [{ type: 'string' }, oneHot, { type: 'object' }] } },
          { type: 'object' },
        ],
      },
    },
  }),
  Predictions: object({
    predictions: { type: 'array', items: { type: 'array', items: probability, minItems: 1, maxItems: 1 } },
    ids: { type: 'array', items: id },
    model: { type: 'string' },
  }),
  Feedback: object({
    feedback: { type: 'array', minItems: 1, items: object({ id, label: { type: 'integer', enum: [0, 1] } }) },
  }),
  Accepted: object({ accepted: { type: 'integer', minimum: 1 } }),
  Refusal: object({ error: { type: 'string' }, reason: { type: 'string' } }),
};
