/** A request as the handler sees it, whatever carried it: HTTP, a Lambda event, a test. */
export interface EndpointRequest {
  readonly method: string;
  /** Path and query, as they came: `/predict?session=view,add`. */
  readonly url: string;
  readonly contentType?: string;
  /** The form of the answer that is wanted: `text/csv`. */
  readonly accept?: string;
  /** The body, or its first `limits.bodyBytes + 1` bytes; empty for a GET. */
  readonly body: Uint8Array;
}

export interface EndpointResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
