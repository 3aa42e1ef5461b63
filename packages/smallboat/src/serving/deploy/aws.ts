/** The error of AWS that says that something is not there. */
export function isAbsent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'ResourceNotFoundException' ||
    // SageMaker has no kind of its own for it.
    (error.name === 'ValidationException' && /could not find|does not exist/i.test(error.message))
  );
}

/** What `ask` gives; undefined where AWS says that it is not there. */
export async function orAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Tags of everything that is made, so that a bill says what it is for. */
export const TAGS = { 'made-by': 'smallboat' } as const;

/** A line of a log group, the oldest first. */
export interface CloudLine {
  readonly at: number;
  readonly stream: string;
  readonly text: string;
}

export interface CloudLogOptions {
  readonly group: string;
  readonly region?: string;
  /** Milliseconds since 1970. Default: an hour ago. */
  readonly since?: number;
}

/** Lines of a log group; none where the group is not there yet. Rejects with `PACKAGE_MISSING`. */
export async function cloudLog({ group, region, since }: CloudLogOptions): Promise<readonly CloudLine[]> {
  const { optionalPackage } = await import('../../kernel/index.ts');
  const sdk = await optionalPackage(
    '@aws-sdk/client-cloudwatch-logs',
    'Reading logs of AWS',
    () => import('@aws-sdk/client-cloudwatch-logs'),
  );
  const client = new sdk.CloudWatchLogsClient(region === undefined ? {} : { region });
  const lines: CloudLine[] = [];
  const startTime = since ?? Date.now() - 3_600_000;
  try {
    for await (const page of sdk.paginateFilterLogEvents({ client }, { logGroupName: group, startTime })) {
      for (const { timestamp: at = 0, logStreamName: stream = '', message = '' } of page.events ?? []) {
        lines.push({ at, stream, text: message.trimEnd() });
      }
    }
  } catch (error) {
    if (!isAbsent(error)) throw error;
  } finally {
    client.destroy();
  }
  return lines.sort((a, b) => a.at - b.at);
}
