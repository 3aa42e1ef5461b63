/**
 * Reads JSON as Python writes it: `NaN`, `Infinity` and `-Infinity` stand where a number may. Infinities become
 * JavaScript's, NaN becomes null. Throws what `JSON.parse` throws.
 */
export function parsePythonJson(text: string): unknown {
  if (!/\b(?:NaN|Infinity)\b/.test(text)) return JSON.parse(text);
  const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (token) => {
    if (token.startsWith('"')) return token;
    return token === 'NaN' ? 'null' : token.replace('Infinity', '1e999');
  });
  return JSON.parse(plain);
}
