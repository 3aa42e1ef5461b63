import * as z from 'zod';
import type { EndpointResponse } from '../exchange.ts';
import type { ServiceRequest } from '../service.ts';

/** What API Gateway, a function URL or a load balancer calls a function with, as far as it matters here. */
const Texts = z.record(z.string(), z.string().nullish());
const EventV2 = z.object({
  version: z.literal('2.0'),
  rawPath: z.string(),
  rawQueryString: z.string().default(''),
  headers: Texts.default({}),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({
    http: z.object({ method: z.string() }),
    stage: z.string().default('$default'),
    requestId: z.string().optional(),
  }),
});
const EventV1 = z.object({
  httpMethod: z.string(),
  path: z.string(),
  headers: Texts.nullish(),
  multiValueHeaders: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  queryStringParameters: Texts.nullish(),
  multiValueQueryStringParameters: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.looseObject({ requestId: z.string().optional(), stage: z.string().optional() }).nullish(),
});

/** What a function answers to API Gateway of either version. */
export interface ApiResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: false;
}

/**
 * An event of API Gateway (payload version 1.0 or 2.0), of a function URL, or of a load balancer as a request; undefined for what is none. The stage is
 * no part of the path; a body in base64 is decoded.
 */
export function requestOfEvent(event: unknown): ServiceRequest | undefined {
  const v2 = EventV2.safeParse(event);
  if (v2.success) {
    const { rawPath, rawQueryString, headers, requestContext, ...rest } = v2.data;
    const path = withoutStage(rawPath, requestContext.stage);
    const query = rawQueryString === '' ? '' : `?${rawQueryString}`;
    return request(requestContext.http.method, path + query, { headers, id: requestContext.requestId, ...rest });
  }
  const v1 = EventV1.safeParse(event);
  if (!v1.success) return undefined;
  const { httpMethod, path, requestContext, ...rest } = v1.data;
  const query = queryOf(v1.data);
  const many = Object.entries(rest.multiValueHeaders ?? {}).map(([name, values]) => [name, values?.at(-1)]);
  const headers = { ...(Object.fromEntries(many) as Record<string, string | undefined>), ...rest.headers };
  return request(httpMethod, query === '' ? path : `${path}?${query}`, {
    headers,
    id: requestContext?.requestId,
    body: rest.body,
    isBase64Encoded: rest.isBase64Encoded,
  });
}

/** The answer to an event. */
export function resultOf({ status, headers, body }: EndpointResponse): ApiResult {
  return { statusCode: status, headers, body, isBase64Encoded: false };
}

interface Rest {
  readonly headers: Readonly<Record<string, string | null | undefined>>;
  readonly id: string | undefined;
  readonly body?: string | null | undefined;
  readonly isBase64Encoded: boolean;
}

function request(method: string, url: string, { headers: given, id, body, isBase64Encoded }: Rest): ServiceRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(given)) headers[name.toLowerCase()] = value ?? undefined;
  headers['x-request-id'] ??= id;
  const { 'content-type': contentType, accept } = headers;
  return {
    method,
    url,
    body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'),
    headers,
    ...(contentType === undefined ? {} : { contentType }),
    ...(accept === undefined ? {} : { accept }),
  };
}

/** Version 1.0 gives the query decoded: it is written again. */
function queryOf(event: z.infer<typeof EventV1>): string {
  const many = Object.entries(event.multiValueQueryStringParameters ?? {});
  const pairs: [string, string][] =
    many.length > 0
      ? many.flatMap(([name, values]) => (values ?? []).map((value): [string, string] => [name, value]))
      : Object.entries(event.queryStringParameters ?? {}).map(([name, value]) => [name, value ?? '']);
  return new URLSearchParams(pairs).toString();
}

function withoutStage(path: string, stage: string): string {
  const prefix = `/${stage}`;
  if (stage === '$default' || !(path === prefix || path.startsWith(`${prefix}/`))) return path;
  return path.slice(prefix.length) || '/';
}
