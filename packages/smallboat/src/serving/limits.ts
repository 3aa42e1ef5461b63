/** What a client may ask for at most. */
export interface Limits {
  /** Events of a session. The model sees the last of them only, as many as in training. Default 1000. */
  readonly events: number;
  /** Sessions in one `POST /invocations`. Default 1000. */
  readonly instances: number;
  /** Bytes of a request's body. Default 1 MiB. */
  readonly bodyBytes: number;
  /** Characters of a request's path and query. Default 8192. */
  readonly urlLength: number;
  /** Bytes of a request's headers, its first line included. Default 16 KiB. */
  readonly headerBytes: number;
  /** Connections open at once; further ones are closed at once. Default 1000. */
  readonly connections: number;
  /** Time for a request to arrive whole. Default 10. */
  readonly requestSeconds: number;
  /** Time for requests under way to end when the endpoint closes. Default 5. */
  readonly drainSeconds: number;
  /** Bodies that are read at once; while there are more, further requests with a body are refused with 503. Default 64. */
  readonly bodies: number;
  /** How far behind the endpoint may be before it refuses predictions with 503 and catches up, in milliseconds. Default 500. */
  readonly behindMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  events: 1000,
  instances: 1000,
  bodyBytes: 1 << 20,
  urlLength: 8192,
  headerBytes: 16_384,
  connections: 1000,
  requestSeconds: 10,
  drainSeconds: 5,
  bodies: 64,
  behindMs: 500,
};
