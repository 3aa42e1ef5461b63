/** Metaflow's metadata service as plain data. */
export interface ServiceSpec {
  readonly kind: 'service';
  readonly url: string;
  /**
   * Headers of every request: how the service knows who asks. They may hold a secret: they are told to the processes of a run, and are
   * neither stored nor shown.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** Tries of a request at most. Default 5. */
  readonly attempts?: number;
}
