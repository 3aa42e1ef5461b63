/** Resolves at Ctrl-C or SIGTERM. A second one ends the process at once, as it does without us. */
export async function untilStopped(): Promise<void> {
  await new Promise<void>((stop) => {
    const onSignal = (): void => {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      stop();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
}
