import type { ReportComponent } from '../../report/index.ts';

/** What is stored of a card while its task runs. */
export interface LiveData {
  /** `train[3]` */
  readonly task: string;
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly components: readonly ReportComponent[];
}

/** As JSON, in the shape that Metaflow's viewer expects: it loads the page again when the token changes, until it is `final`. */
export function writeLiveData(data: LiveData, reloadToken: string): string {
  const shaped = { reload_token: reloadToken, created_on: data.at / 1000, data };
  return JSON.stringify(shaped, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value,
  );
}

/** What `writeLiveData` wrote; undefined for anything else, as Metaflow's own data. */
export function readLiveData(text: string): LiveData | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text, (_, value: unknown) => asNumber(value) ?? value);
  } catch (error) {
    // A page is for readers: they do without it.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof found !== 'object' || found === null || !('data' in found)) return undefined;
  const { data } = found;
  if (typeof data !== 'object' || data === null || !('components' in data) || !Array.isArray(data.components))
    return undefined;
  return data as LiveData; // Written by us. Who draws the components checks them.
}

function asNumber(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('$number' in value)) return undefined;
  return Number(value.$number);
}
