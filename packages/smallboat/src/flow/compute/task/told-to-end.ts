import { watchForSpotNotice } from './spot-notice.ts';
import type { TaskHost } from './task-host.ts';

/** What ends the work of a process in a container before its time. */
export interface ToldToEnd {
  readonly signal: AbortSignal;
  /** Whether the machine will be taken away, and no one has asked for the end. */
  readonly isMachineGoing: () => boolean;
  /** Looks for notices no longer. */
  stop(): void;
}

/** Listens for the end: the container is stopped, or the machine is to be taken away. Both are said. @param what is told to end: `container`. */
export function toldToEnd(
  { env, onTerminate }: Pick<TaskHost, 'env' | 'onTerminate'>,
  what: string,
  say: (text: string) => void,
): ToldToEnd {
  const ending = new AbortController();
  let isMachineGoing = false;
  onTerminate(() => {
    say('told to end');
    ending.abort(`The ${what} was told to end`);
  });
  const watch = watchForSpotNotice({
    env,
    onNotice: (at) => {
      say(`the machine will be taken away at ${at.toISOString()}`);
      isMachineGoing = true;
      ending.abort('The machine will be taken away');
    },
  });
  return { signal: ending.signal, isMachineGoing: () => isMachineGoing, stop: () => watch.stop() };
}
