import { messageOf } from '../kernel/index.ts';
import { type TelemetrySettings, telemetrySettings } from './settings.ts';

/** Whether a collector takes what is sent to it. */
export interface CheckedCollector {
  readonly url: string;
  readonly problem?: string;
}

/** Sends nothing to each place that the variables name, as a collector takes it. Throws as `openTelemetry` does. */
export async function checkTelemetry(
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly CheckedCollector[]> {
  const settings: Partial<TelemetrySettings> = telemetrySettings(env, 'smallboat') ?? {};
  const places = [
    { place: settings.traces, body: '{"resourceSpans":[]}' },
    { place: settings.metrics, body: '{"resourceMetrics":[]}' },
  ];
  return Promise.all(
    places.flatMap(({ place, body }) => {
      if (!place) return [];
      const { url } = place;
      const headers = { ...place.headers, 'content-type': 'application/json' };
      const asked = fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(place.timeoutMs) });
      return [
        asked.then(
          ({ ok, status }) => (ok ? { url } : { url, problem: `it answered ${status}` }),
          (error: unknown) => ({
            url,
            problem: messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error),
          }),
        ),
      ];
    }),
  );
}
