/** Writes a card while it changes: soon, but not at every change. */
export interface Publisher {
  /** Something has changed. Costs next to nothing; now and then it writes, before it returns. */
  changed(): void;
  /** Writes now, and resolves when it is written. */
  refresh(): Promise<void>;
  /** Writes nothing any more; resolves when what is under way has ended. */
  close(): Promise<void>;
}

export interface PublisherOptions {
  /** Writes the card as it is. What has to be seen before a body lets go of its process is done before this returns. */
  readonly write: () => Promise<void>;
  /** What matters of a write is done when it returns: nobody waits for its promise. */
  readonly isImmediate?: boolean;
  /** A write that failed: the card goes on without. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds between two writes. Default 1000. A store that is slow is written to more rarely, so that it takes a twentieth of the time at most. */
  readonly every?: number;
  /** Milliseconds, from any beginning. */
  readonly now?: () => number;
}

/** A task that ends before its first write is due writes nothing in between. */
export function publisher({
  write,
  isImmediate = false,
  onError,
  every = 1000,
  now = () => performance.now(),
}: PublisherOptions): Publisher {
  let due: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  let isDirty = false;
  let isOver = false;

  const once = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    isDirty = false;
    const began = now();
    const ended = (): void => {
      writing = undefined;
      due = now() + Math.max(every, 20 * (now() - began));
      if (isDirty) wait();
    };
    const written = write().catch(onError);
    if (isImmediate) ended();
    else writing = written.finally(ended);
    return written;
  };
  const wait = (): void => {
    if (isOver || writing || timer) return;
    due ??= now() + every;
    timer = setTimeout(() => void once(), Math.max(0, due - now()));
    timer.unref();
  };

  return {
    changed() {
      if (isOver) return;
      isDirty = true;
      // A body that computes without a pause lets no timer come: it writes from here.
      if (!writing && due !== undefined && now() >= due) void once();
      else wait();
    },
    async refresh() {
      if (writing) await writing;
      // Another may have begun meanwhile: it has what was there, or the next one will.
      if (!isOver) await (writing ?? once());
    },
    async close() {
      isOver = true;
      clearTimeout(timer);
      await writing;
    },
  };
}
