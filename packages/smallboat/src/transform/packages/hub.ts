import * as z from 'zod';
import { projectErrors } from '../project/errors.ts';

const HubVersion = z.looseObject({
  name: z.string(),
  packages: z.array(z.unknown()).nullish(),
  downloads: z.looseObject({ tarball: z.string() }),
  require_dbt_version: z.union([z.string(), z.array(z.string())]).nullish(),
});
const HubPackage = z.looseObject({
  name: z.string(),
  redirectnamespace: z.string().nullish(),
  redirectname: z.string().nullish(),
  versions: z.record(z.string(), HubVersion),
});

export type HubPackage = z.infer<typeof HubPackage>;

export interface Download {
  readonly signal?: AbortSignal | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the hub says of a package. @throws `PACKAGE_NOT_FOUND`, `DOWNLOAD_FAILED`. */
export async function hubPackage(name: string, options: Download): Promise<HubPackage> {
  const home = (options.env['DBT_PACKAGE_HUB_URL'] ?? 'https://hub.getdbt.com/').replace(/\/*$/, '/');
  const url = `${home}api/v1/${name}.json`;
  const bytes = await download(url, options).catch((error: unknown) => {
    if (projectErrors.DOWNLOAD_FAILED.is(error) && error.facts.problem.startsWith('404'))
      throw projectErrors.PACKAGE_NOT_FOUND({ name, home }, { cause: error });
    throw error;
  });
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw projectErrors.DOWNLOAD_FAILED({ url, problem: 'it is no JSON' }, { cause });
  }
  const parsed = HubPackage.safeParse(data);
  if (!parsed.success)
    throw projectErrors.DOWNLOAD_FAILED({ url, problem: "it is not what dbt's hub answers" }, { cause: parsed.error });
  return parsed.data;
}

/** A file of the net; tried again where the line fails. @throws `DOWNLOAD_FAILED`. */
export async function download(url: string, { signal }: Download): Promise<Uint8Array> {
  let problem = '';
  let cause: unknown;
  for (let attempt = 0; attempt < 4; attempt += 1) {
    if (attempt > 0) await new Promise((done) => void setTimeout(done, 250 * 2 ** attempt));
    signal?.throwIfAborted();
    try {
      const timeout = AbortSignal.timeout(30_000);
      const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      problem = `${response.status} ${response.statusText}`;
      if (response.status < 500) break;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof Error)) throw error;
      cause = error;
      problem = error.cause instanceof Error ? error.cause.message : error.message;
    }
  }
  throw projectErrors.DOWNLOAD_FAILED({ url, problem }, { cause });
}
