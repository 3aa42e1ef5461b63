import type { OpenApi, Operation } from './openapi.ts';

/**
 * A page of the document for people, with a form to try each operation. It is whole in itself: it loads nothing from elsewhere, and its policy
 * forbids that it does.
 */
export function apiPage(document: OpenApi): { readonly html: string; readonly policy: string } {
  const parts = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationHtml(method.toUpperCase(), path, operation)),
  );
  const { title, description, version } = document.info;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text(title)}</title><style>${STYLE}</style></head><body><main>
<h1>${text(title)}</h1><p>${text(description)} Version ${text(version)}. <a href="openapi.json">openapi.json</a></p>
<p><label>API key, if one is needed <input id="key" type="password" autocomplete="off"></label></p>
${parts.join('\n')}
</main><script>${SCRIPT}</script></body></html>`;
  // The page has no secret to keep, and runs only the one script that it holds.
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'";
  return { html, policy };
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const fields = parameters.map(
    ({ name, description: says, example = '' }) =>
      `<label>${text(name)} <small>${text(says)}</small><input name="${text(name)}" value="${text(example)}"></label>`,
  );
  const [first] = Object.entries(requestBody?.content ?? {});
  const body =
    first === undefined
      ? ''
      : `<label>Body <small>${text(Object.keys(requestBody?.content ?? {}).join(', '))}</small><textarea name="body" rows="3" data-type="${text(first[0])}">${text(JSON.stringify(first[1].example))}</textarea></label>`;
  const rows = Object.entries(responses)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([status, response]) => `<tr><th scope="row">${text(status)}</th><td>${text(response.description)}</td></tr>`);
  return `<section><h2><code>${method} ${text(path)}</code></h2><p>${text(summary)}. ${text(description ?? '')}</p>
<form data-method="${method}" data-path="${text(path)}">${fields.join('')}${body}<button>Try it</button><pre role="status" hidden></pre></form>
<table>${rows.join('')}</table></section>`;
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:1rem}main{max-width:46rem;margin:auto}
section{border-top:1px solid #8886;padding:.5rem 0 1rem}h2{font-size:1.1rem}label{display:block;margin:.5rem 0}small{opacity:.8;display:block}
input,textarea{font:14px/1.4 ui-monospace,monospace;width:100%;box-sizing:border-box;padding:.4rem}button{font:inherit;padding:.3rem 1rem}
pre{background:#8882;padding:.6rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}th{text-align:left;padding-right:1rem;vertical-align:top}`;

const SCRIPT = `for (const form of document.forms) form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const { method, path } = form.dataset;
  const query = new URLSearchParams();
  for (const field of form.querySelectorAll('input')) query.set(field.name, field.value);
  const area = form.querySelector('textarea');
  const key = document.getElementById('key').value;
  const headers = { ...(key ? { authorization: 'Bearer ' + key } : {}), ...(area ? { 'content-type': area.dataset.type } : {}) };
  const out = form.querySelector('pre');
  out.hidden = false;
  try {
    const answer = await fetch('.' + path + (query.size ? '?' + query : ''), { method, headers, ...(area ? { body: area.value } : {}) });
    out.textContent = answer.status + '\\n' + (await answer.text());
  } catch (error) { out.textContent = String(error); }
});`;
