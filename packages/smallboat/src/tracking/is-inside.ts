/** Whether a name with `/` stays in its folder: no part is empty, `.` or `..`, or has a backslash or a control character. */
export function isInside(name: string): boolean {
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\p{Cc}]/u.test(part));
}
