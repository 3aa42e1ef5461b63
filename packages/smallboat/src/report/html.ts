/**
 * Markup that is safe to put into a page. Only `html` makes it (and `trusted`, inside this room), so data that
 * was read from a file can never pass for it.
 */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** For markup that is ours word for word. Not public: users of the room have `html`. */
  static trusted(text: string): Html {
    return new Html(text);
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand in `html`: text and numbers are escaped, `Html` goes in as it is, nothing comes of null, undefined and false. */
export type HtmlValue = Html | string | number | bigint | boolean | null | undefined | readonly HtmlValue[];

/**
 * Makes markup: `` html`<p title="${title}">${text}</p>` ``. Every value is escaped, in text and in quoted attributes
 * alike; attributes must be quoted, and no value may stand inside `<script>` or `<style>`.
 */
export function html(literals: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = literals[0] ?? '';
  values.forEach((value, i) => {
    text += toMarkup(value) + (literals[i + 1] ?? '');
  });
  return Html.trusted(text);
}

/** A name as markup that a narrow screen may break behind `_`, `.`, `/` and `-`, rather than inside a word. */
export function breakable(name: string): Html {
  return html`${name.split(/(?<=\w[_./-])(?=\w)/).flatMap((part, i) => (i === 0 ? [part] : [Html.trusted('<wbr>'), part]))}`;
}

/** The text with the five characters that mean something to HTML replaced, and control characters made visible. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c).replace(CONTROLS, '\u{fffd}');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Controls but tab and line breaks have no place in HTML, and the bidirectional ones can make text read as another.
const CONTROLS = /(?![\t\n\r])[\p{Cc}\u202a-\u202e\u2066-\u2069\u{ffff}\u{fffe}]/gu;

function toMarkup(value: HtmlValue): string {
  if (value === null || value === undefined || typeof value === 'boolean') return value === true ? 'true' : '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'object') return value.map(toMarkup).join('');
  return escapeHtml(String(value));
}
