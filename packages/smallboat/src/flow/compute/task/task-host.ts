/** What a task has of the container that it runs in. */
export interface TaskHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** URL of the module that exports the flow. */
  readonly module: string;
  readonly print: (text: string, stream: 'stdout' | 'stderr') => void;
  /** Calls back when the container is told to end. */
  readonly onTerminate: (listener: () => void) => void;
}
