/** Maps a list with asynchronous work, at most `count` at once: files and connections are not without number. In the list's order. */
export async function mapAtMost<T, R>(
  items: readonly T[],
  count: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const made: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) made[at] = await work(items[at] as T, at); // Within the list.
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, worker));
  return made;
}
