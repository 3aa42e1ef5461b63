/** Tells that the machine will be taken away. */
export interface SpotWatch {
  stop(): void;
}

export interface SpotWatchOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called once, with the moment at which the machine goes. */
  readonly onNotice: (at: Date) => void;
  /** Between two looks, in milliseconds. Default 5000, as EC2 advises. */
  readonly every?: number;
}

/**
 * Asks EC2's instance metadata whether the spot instance that this process runs on will be taken away: EC2 says so two minutes before. On
 * machines that are no spot instances of EC2 it looks once and no more.
 */
export function watchForSpotNotice({ env, onNotice, every = 5000 }: SpotWatchOptions): SpotWatch {
  const base = `${env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254'}/latest`;
  const isOff = env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true';
  let timer: NodeJS.Timeout | undefined;
  let pass: Promise<string> | undefined;
  let isStopped = isOff;

  const ask = async (path: string): Promise<string | undefined> => {
    pass ??= fetch(`${base}/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' },
      signal: AbortSignal.timeout(1000),
    }).then((answer) => answer.text());
    const headers = { 'x-aws-ec2-metadata-token': await pass };
    const answer = await fetch(`${base}/meta-data/${path}`, { headers, signal: AbortSignal.timeout(1000) });
    if (answer.status === 401) pass = undefined;
    return answer.ok ? answer.text() : undefined;
  };
  const look = async (): Promise<void> => {
    const at = await ask('spot/termination-time').catch(() => undefined);
    if (isStopped) return;
    if (at !== undefined && !Number.isNaN(Date.parse(at))) onNotice(new Date(at));
    else (timer = setTimeout(() => void look(), every)).unref();
  };
  const begin = async (): Promise<void> => {
    // No answer: not a machine of EC2, or one that tells containers nothing.
    const kind = await ask('instance-life-cycle').catch(() => undefined);
    if (kind?.trim() === 'spot' && !isStopped) await look();
  };
  if (!isStopped) void begin();
  return {
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
