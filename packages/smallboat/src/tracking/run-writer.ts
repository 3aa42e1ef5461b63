import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256, writeWhole } from '../kernel/index.ts';
import { isInside } from './is-inside.ts';
import type { RunLine, RunState } from './run-log.ts';
import { writeLine } from './run-log.ts';
import type { Redaction } from './secrets.ts';
import type { SegmentedLog } from './segmented-log.ts';
import type { ArtifactInfo, EndStatus, ParamValue, Params, Tags, TrackedRun } from './tracker.ts';
import { trackerErrors } from './tracker.ts';

export interface RunWriterOptions {
  readonly id: string;
  readonly log: SegmentedLog;
  /** The line that begins the run, or goes on with it. */
  readonly opening: RunLine;
  /** What the run holds already. */
  readonly state: RunState;
  readonly params?: Params;
  readonly tags?: Tags;
  readonly clock: () => number;
  readonly redact: Redaction;
}

/** Writes the log of a run in its folder, from its beginning or from where it was left. */
export async function writeRun(folder: string, options: RunWriterOptions): Promise<TrackedRun> {
  const { id, log, clock, redact } = options;
  const params = new Map<string, ParamValue>(options.state.params);
  const counts = new Map([...options.state.metrics].map(([name, { points }]) => [name, points]));
  let status: EndStatus | undefined;

  const write = async (line: RunLine): Promise<void> => {
    if (status !== undefined) throw trackerErrors.TRACKED_RUN_ENDED({ id, status });
    await log.append(writeLine(line));
  };

  const checkParams = (values: Params): void => {
    for (const [param, now] of Object.entries(values)) {
      const was = params.get(param);
      if (was !== undefined && was !== now) throw trackerErrors.TRACKED_PARAM_CHANGED({ id, param, was, now });
      if (typeof now === 'number' && !Number.isFinite(now)) {
        const rule = 'a finite number, text, true or false';
        throw trackerErrors.TRACKED_VALUE_INVALID({ what: `Parameter ${param}`, value: String(now), rule });
      }
    }
  };

  const run: TrackedRun = {
    id,

    async logMetrics(values, { step, at = clock() } = {}) {
      if (step !== undefined) {
        checkMetrics(values, step);
        for (const name of Object.keys(values)) counts.set(name, (counts.get(name) ?? 0) + 1);
        return write({ t: 'm', at, s: step, v: values });
      }
      checkMetrics(values, 0);
      // Metrics that have been logged equally often share a line, as they share the step.
      const bySteps = new Map<number, Record<string, number>>();
      for (const [name, value] of Object.entries(values)) {
        const next = counts.get(name) ?? 0;
        counts.set(name, next + 1);
        const together = bySteps.get(next) ?? {};
        together[name] = value;
        bySteps.set(next, together);
      }
      await Promise.all([...bySteps].map(([s, v]) => write({ t: 'm', at, s, v })));
    },

    async logParams(given) {
      const values = redact.deep(given);
      checkParams(values);
      await write({ t: 'params', values });
      for (const [param, value] of Object.entries(values)) params.set(param, value);
    },

    setTags: (values) => write({ t: 'tags', values: redact.deep(values) }),

    logData: (data) => write({ t: 'data', data: redact.deep(data), at: clock() }),

    logModel: (model) => write({ t: 'model', model: redact.deep(model), at: clock() }),

    async logArtifact(artifact) {
      const name = typeof artifact === 'string' ? basename(artifact) : artifact.name;
      if (!isInside(name)) {
        const rule = 'a relative path without . or .. parts';
        throw trackerErrors.TRACKED_NAME_INVALID({ what: 'an artifact', name, rule });
      }
      if (status !== undefined) throw trackerErrors.TRACKED_RUN_ENDED({ id, status });
      const bytes = typeof artifact === 'string' ? await readFile(artifact) : artifact.bytes;
      redact.check(`Artifact ${name}`, bytes);
      const location = join(folder, 'artifacts', name);
      const info: ArtifactInfo = { name, bytes: bytes.byteLength, sha256: sha256(bytes), location };
      await writeWhole(location, bytes);
      await write({ t: 'artifact', name, bytes: info.bytes, sha256: info.sha256 });
      return info;
    },

    async finish(as = 'finished') {
      const written = write({ t: 'end', status: as, at: clock() });
      if (status === undefined) status = as;
      await written;
      await log.close();
    },

    async [Symbol.asyncDispose]() {
      if (status === undefined) await run.finish('failed');
    },
  };

  // Before anything is written: a run that goes on is not begun in vain.
  checkParams(redact.deep(options.params ?? {}));
  await write(options.opening);
  if (options.params !== undefined) await run.logParams(options.params);
  if (options.tags !== undefined) await run.setTags(options.tags);
  return run;
}

function checkMetrics(values: Readonly<Record<string, number>>, step: number): void {
  if (!Number.isSafeInteger(step)) {
    throw trackerErrors.TRACKED_VALUE_INVALID({ what: 'A step', value: String(step), rule: 'a whole number' });
  }
  for (const name in values) {
    if (typeof values[name] === 'number' && name !== '') continue;
    const facts = { what: `Metric '${name}'`, value: String(values[name]), rule: 'a number under a name' };
    throw trackerErrors.TRACKED_VALUE_INVALID(facts);
  }
}
