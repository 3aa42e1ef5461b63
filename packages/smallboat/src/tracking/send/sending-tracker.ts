import type { Destination } from '../destination.ts';
import type { LocalTracker } from '../local.ts';
import type { TrackedRun, Tracker } from '../tracker.ts';
import type { LiveSenderOptions } from './live-sender.ts';
import { liveSender } from './live-sender.ts';

export interface SendingTrackerOptions extends Pick<
  LiveSenderOptions,
  'intervalMs' | 'retryMs' | 'random' | 'maxBytes'
> {
  readonly destinations: readonly Destination[];
  /** What goes wrong with sending, in a sentence. It never makes a call fail: the local log has all. */
  readonly tell: (problem: string) => void;
  /** How long the end of a run waits for what is not sent yet. Default 10. */
  readonly flushSeconds?: number;
}

/** Sends one run on while it is written. */
export interface RunSender {
  /** There is something new. Returns at once. */
  poke(): void;
  /** Sends what is left, for so many seconds at most. Gives the places that have not got all. */
  close(seconds: number): Promise<readonly string[]>;
}

/** Begins to send a run. */
export type OpenSender = (run: { readonly id: string; readonly folder: string }) => RunSender;

/**
 * The local tracker, with every run sent on to the destinations while it is written. A call is done when the local log
 * has it; sending happens beside the program, in its thread. What could not be sent in time is left for `syncTracked`.
 */
export function sendingTracker(local: LocalTracker, options: SendingTrackerOptions): Tracker {
  const { destinations } = options;
  if (destinations.length === 0) return local;
  return trackerWith(local, options, ({ folder }) => {
    const senders = destinations.map((destination) =>
      liveSender({ ...options, destination, folder, folderOf: (id) => local.folderOf(id) }),
    );
    return {
      poke() {
        for (const sender of senders) sender.poke();
      },
      async close(seconds) {
        const sent = await Promise.all(senders.map((sender) => sender.close(seconds)));
        return destinations.flatMap(({ location }, i) => (sent[i] ? [] : [location]));
      },
    };
  });
}

/** The local tracker, with every run sent on by a sender of its own. */
export function trackerWith(
  local: LocalTracker,
  { tell, flushSeconds = 10 }: Pick<SendingTrackerOptions, 'tell' | 'flushSeconds'>,
  open: OpenSender,
): Tracker {
  const sending = async (run: TrackedRun): Promise<TrackedRun> => {
    const folder = await local.folderOf(run.id);
    if (folder === undefined) return run;
    const sender = open({ id: run.id, folder });
    return sendingRun(run, sender, async () => {
      const left = await sender.close(flushSeconds);
      if (left.length > 0) {
        tell(
          `Not all of tracked run ${run.id} was sent to ${left.join(' and ')}: 'smallboat track sync' sends the rest.`,
        );
      }
    });
  };
  return {
    location: local.location,
    startRun: async (run) => sending(await local.startRun(run)),
    resumeRun: async (id, resume) => sending(await local.resumeRun(id, resume)),
    experiments: () => local.experiments(),
    runs: (experiment, query) => local.runs(experiment, query),
    run: (id) => local.run(id),
    metricHistory: (id, metric) => local.metricHistory(id, metric),
  };
}

function sendingRun(run: TrackedRun, sender: RunSender, close: () => Promise<void>): TrackedRun {
  const poking = async <T>(work: Promise<T>): Promise<T> => {
    const made = await work;
    sender.poke();
    return made;
  };
  let closed: Promise<void> | undefined;
  return {
    id: run.id,
    logMetrics: (values, options) => poking(run.logMetrics(values, options)),
    logParams: (params) => poking(run.logParams(params)),
    logArtifact: (artifact) => poking(run.logArtifact(artifact)),
    setTags: (tags) => poking(run.setTags(tags)),
    logData: (data) => poking(run.logData(data)),
    logModel: (model) => poking(run.logModel(model)),
    async finish(status) {
      await run.finish(status);
      await (closed ??= close());
    },
    async [Symbol.asyncDispose]() {
      await run[Symbol.asyncDispose]();
      await (closed ??= close());
    },
  };
}
