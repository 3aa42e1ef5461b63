/** Which pages of other sites a browser lets read the answers. */
export interface Cors {
  /** `*`, or origins as browsers send them: `https://shop.example`. Default for GET: `*`, as in the original project; for the rest none. */
  readonly origins: '*' | readonly string[];
  /** Headers that a page may send. Default `content-type`, `authorization`, `x-api-key`, `x-request-id`. */
  readonly headers?: readonly string[];
  /** How long a browser may keep the answer to its question. Default 600. */
  readonly maxAgeSeconds?: number;
}

const HEADERS = ['content-type', 'authorization', 'x-api-key', 'x-request-id'];

/**
 * The CORS headers for an answer to `origin`, none where that origin may not read it. `methods` is given for the question that a browser
 * asks before the request (OPTIONS).
 */
export function corsHeaders(
  { origins, headers = HEADERS, maxAgeSeconds = 600 }: Cors,
  origin: string | undefined,
  methods?: string,
): Readonly<Record<string, string>> {
  const isAny = origins === '*';
  const allowed = isAny ? '*' : origins.find((known) => known === origin);
  // Where the answer depends on who asks, caches must know it.
  const vary: Record<string, string> = isAny ? {} : { vary: 'origin' };
  if (allowed === undefined) return vary;
  return {
    ...vary,
    'access-control-allow-origin': allowed,
    'access-control-expose-headers': 'x-request-id',
    ...(methods === undefined
      ? {}
      : {
          'access-control-allow-methods': methods,
          'access-control-allow-headers': headers.join(', '),
          'access-control-max-age': String(maxAgeSeconds),
        }),
  };
}
