/** An element's start in a markup, as a browser would see it: the name, and the attributes with their values as they are written. */
export interface Tag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Every start tag of a markup that quotes its attributes. Throws on a `<` that begins none. */
export function tagsOf(markup: string): readonly Tag[] {
  const tags: Tag[] = [];
  const start = /<([a-z][a-z0-9]*)((?:\s+[a-z][\w:-]*(?:="[^"<]*")?)*)\s*\/?>/iy;
  for (const { index } of markup.matchAll(/<(?!\/[a-z0-9]+\s*>|!doctype html>)/gi)) {
    start.lastIndex = index;
    const found = start.exec(markup);
    if (!found) throw new Error(`Not a tag of ours: ${markup.slice(index, index + 80)}`);
    const [, name = '', rest = ''] = found;
    const attributes = [...rest.matchAll(/([a-z][\w:-]*)(?:="([^"<]*)")?/gi)].map(([, key = '', value = '']) => [
      key,
      value,
    ]);
    tags.push({ name: name.toLowerCase(), attributes: Object.fromEntries(attributes) as Record<string, string> });
  }
  return tags;
}

/** What of a page could run or fetch something, beside its own style and script: nothing, where it is safe. */
export function dangersOf(page: string): readonly string[] {
  const own = page.replace(/<style>.*?<\/style>/gs, '').replace(/<script>.*?<\/script>\s*(?=<\/body>|<script>)/gs, '');
  return tagsOf(own).flatMap(({ name, attributes }) => [
    ...(ALLOWED.has(name) ? [] : [`element ${name}`]),
    ...Object.entries(attributes).flatMap(([key, value]) => {
      const plain = value.replace(/&#?\w+;/g, ' ');
      if (/^on|^style$|^srcdoc$|^srcset$|^action$|^formaction$|^ping$/i.test(key)) return [`attribute ${key}`];
      if (key === 'src' && !/^data:image\/(?:png|jpeg|gif|webp|svg\+xml);base64,/.test(value)) return [`src ${value}`];
      if (
        key.endsWith('href') &&
        !/^(?:#|https?:|mailto:|(?:\/\w[\w.-]*)+$|data:,$|data:image\/(?:png|jpeg|gif|webp);base64,)/.test(value)
      )
        return [`${key} ${value}`];
      return /url\((?!#)/.test(plain) && key !== 'content' && !/^(?:aria-|title|alt)/.test(key)
        ? [`${key} ${value}`]
        : [];
    }),
  ]);
}

const ALLOWED: ReadonlySet<string> = new Set(
  `html head meta title link body header main footer nav section h1 h2 h3 h4 h5 p a br div span ul ol li dl dt dd table caption thead tbody tr th td
   figure figcaption details summary pre code strong em del hr blockquote img progress time desc
   svg g rect path circle line text tspan lineargradient stop defs clippath use`.split(/\s+/),
);
