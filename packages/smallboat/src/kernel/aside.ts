/** Told apart from every other process and thread that writes beside this one, on this machine or on another. */
const own = `${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
let count = 0;

/** A name beside `path` that nobody else takes, for what is written there and then renamed. Readers know it by its end, `.part`. */
export function aside(path: string): string {
  count += 1;
  return `${path}.${own}-${count}.part`;
}
