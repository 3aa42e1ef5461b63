/** Whether this machine has a process of that number; somebody else's counts. The number may have been given anew. */
export function isProcessAlive(pid: number): boolean {
  try {
    // Signal 0 is not delivered: it asks only whether it could be.
    return process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process: it is there, and we may not signal it.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
