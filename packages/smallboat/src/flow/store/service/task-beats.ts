/** Milliseconds between signs of life, as Metaflow's, and before the first: most tasks end sooner and need none. */
const BETWEEN = 10_000;
const FIRST = 1000;

/** Signs of life, told to the service by the URLs of tasks. A sign that does not arrive is no failure: it is told by its absence. */
export interface TaskBeats {
  once(url: string): Promise<void>;
  begin(url: string): void;
  end(url: string): void;
  stop(): void;
}

/** A body that computes without a pause keeps its process from telling: its task then looks dead, until it lets go. */
export function taskBeats(tell: (url: string) => Promise<unknown>): TaskBeats {
  const timers = new Map<string, NodeJS.Timeout>();
  const once = async (url: string): Promise<void> => {
    await tell(url).catch(() => undefined);
  };
  const end = (url: string): void => {
    clearTimeout(timers.get(url));
    timers.delete(url);
  };
  const after = (url: string, milliseconds: number): void => {
    const timer = setTimeout(() => {
      void once(url).then(() => {
        if (timers.has(url)) after(url, BETWEEN);
      });
    }, milliseconds);
    timers.set(url, timer.unref());
  };
  return {
    once,
    begin: (url) => after(url, FIRST),
    end,
    stop() {
      for (const url of timers.keys()) end(url);
    },
  };
}
