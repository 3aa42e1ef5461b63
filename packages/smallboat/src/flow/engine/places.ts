/** So many things at once: a task takes as many places as it needs, and waits until they are free. First come, first served. */
export interface Places {
  /** Waits for `count` places, at most all there are. Release as many. */
  take(count?: number): Promise<void>;
  release(count?: number): void;
}

export function places(size: number): Places {
  const waiting: { readonly count: number; readonly go: () => void }[] = [];
  let free = size;
  const serve = (): void => {
    for (let first = waiting[0]; first && first.count <= free; first = waiting[0]) {
      waiting.shift();
      free -= first.count;
      first.go();
    }
  };
  return {
    take(count = 1) {
      return new Promise<void>((go) => {
        waiting.push({ count: Math.min(count, size), go });
        serve();
      });
    },
    release(count = 1) {
      free += Math.min(count, size);
      serve();
    },
  };
}
