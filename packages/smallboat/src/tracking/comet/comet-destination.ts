import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import * as z from 'zod';
import { mapAtMost } from '../../kernel/index.ts';
import type { Destination, Shipment } from '../destination.ts';
import { call, postJson, withoutSecrets } from '../http.ts';
import type { RunLine } from '../run-log.ts';

export interface CometOptions {
  /** COMET_API_KEY. */
  readonly apiKey: string;
  /** COMET_WORKSPACE. Default the one of the key's owner. */
  readonly workspace?: string;
  /** COMET_PROJECT_NAME. Default the name of the experiment. */
  readonly project?: string;
  /** Default `https://www.comet.com`. */
  readonly url?: string;
}

const State = z.object({ experimentKey: z.string() });

/** Calls at once: Comet takes one point a call. */
const AT_ONCE = 8;

/**
 * Sends runs to Comet by its REST API: https://www.comet.com/docs/v2/api-and-sdk/rest-api/write-endpoints. Comet has no call for
 * many points and no name of ours for a run: what is sent again after a broken connection may be there twice.
 */
export function cometDestination({
  apiKey,
  workspace,
  project,
  url = 'https://www.comet.com',
}: CometOptions): Destination {
  const base = withoutSecrets(url);
  const location = `comet:${base}${workspace === undefined ? '' : `/${workspace}`}`;
  const headers = { authorization: apiKey };
  const write = (path: string): string => `${base}/api/rest/v2/write/experiment/${path}`;
  const post = (path: string, body: object, signal: AbortSignal): Promise<unknown> =>
    postJson(location, write(path), { body, headers, signal });

  const begin = async ({ run, signal }: Shipment): Promise<z.infer<typeof State>> => {
    const names = { projectName: project ?? run.experiment, experimentName: run.name };
    const body = workspace === undefined ? names : { workspaceName: workspace, ...names };
    const state = State.parse(await post('create', body, signal));
    const { inputs = {}, ...lineage } = run.lineage;
    const others = {
      smallboatRun: run.id,
      ...(run.parent === undefined ? {} : { parent: run.parent }),
      ...lineage,
      ...inputs,
    };
    for (const [key, value] of Object.entries(others)) {
      await post('log-other', { experimentKey: state.experimentKey, key, value }, signal);
    }
    return state;
  };

  const keep = async (experimentKey: string, name: string, { locate, signal }: Shipment): Promise<void> => {
    const query = new URLSearchParams({ experimentKey, fileName: name, type: 'asset', overwrite: 'true' });
    const form = new FormData();
    form.append('file', await openAsBlob(locate(name)), basename(name));
    const to = `${write('upload-asset')}?${query.toString()}`;
    await call(location, to, { method: 'POST', headers, body: form, signal, timeoutSeconds: 600 });
  };

  const sendLine = async (experimentKey: string, line: RunLine, shipment: Shipment): Promise<void> => {
    const { signal } = shipment;
    const other = (key: string, value: string): Promise<unknown> =>
      post('log-other', { experimentKey, key, value }, signal);
    switch (line.t) {
      case 'params':
        for (const [parameterName, parameterValue] of Object.entries(line.values)) {
          await post('parameter', { experimentKey, parameterName, parameterValue }, signal);
        }
        return;
      case 'tags':
        for (const [key, value] of Object.entries(line.values)) await other(key, value);
        await post('tags', { experimentKey, addedTags: Object.values(line.values) }, signal);
        return;
      case 'artifact':
        return keep(experimentKey, line.name, shipment);
      case 'data':
        await other(`data ${line.data.name} ${line.data.context ?? ''}`.trim(), JSON.stringify(line.data));
        return;
      case 'model':
        await other(`model ${line.model.name}`, JSON.stringify(line.model));
        return;
      case 'end':
        await other('status', line.status);
        await call(location, `${write('stop')}?${new URLSearchParams({ experimentKey }).toString()}`, {
          headers,
          signal,
        });
        return;
      case 'start': // The experiment itself, which is there.
      case 'm': // Sent several at once.
      case 'resume': // An experiment takes more after its end.
    }
  };

  return {
    name: 'comet',
    location,
    async send(shipment) {
      const known = State.safeParse(shipment.state);
      const state = known.success ? known.data : await begin(shipment);
      const { experimentKey } = state;
      const points = shipment.lines.flatMap((line) =>
        line.t === 'm'
          ? Object.entries(line.v).map(([name, value]) => ({ name, value, step: line.s, at: line.at }))
          : [],
      );
      await mapAtMost(points, AT_ONCE, ({ name, value, step, at }) => {
        const metricValue = Number.isFinite(value) ? value : String(value); // JSON has no NaN.
        return post('metric', { experimentKey, metricName: name, metricValue, step, timestamp: at }, shipment.signal);
      });
      for (const line of shipment.lines) await sendLine(experimentKey, line, shipment);
      return state;
    },
  };
}
