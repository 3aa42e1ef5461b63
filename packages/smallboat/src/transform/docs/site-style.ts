/** The style of the page of documentation. */
export const STYLE = `
:root { --text: #1c2430; --quiet: #5d6b7e; --line: #d8dee7; --back: #ffffff; --side: #f5f7fa; --mark: #0b62c4; --code: #f1f4f8;
  --model: #0b62c4; --source: #2a7a2e; --seed: #8a5a00; --snapshot: #7a3ea8; --exposure: #b03a2e; --analysis: #5d6b7e; --function: #0f766e; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e9f0; --quiet: #9aa8ba; --line: #333d4a; --back: #14191f; --side: #1a2129;
  --mark: #6cb2ff; --code: #1f2730; --model: #6cb2ff; --source: #7ccf80; --seed: #e0b25a; --snapshot: #c79af0; --exposure: #f0958b;
  --analysis: #9aa8ba; --function: #5fd0c3; } }
* { box-sizing: border-box; }
body { margin: 0; display: flex; min-height: 100vh; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
nav { width: 19rem; flex: none; padding: 1rem; background: var(--side); border-right: 1px solid var(--line); height: 100vh; position: sticky; top: 0; overflow: auto; }
main { flex: 1; min-width: 0; padding: 1.5rem 2rem; max-width: 78rem; outline: none; }
a { color: var(--mark); text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
.home { font-weight: 600; font-size: 1.1rem; display: block; margin-bottom: .6rem; color: var(--text); }
input[type=search] { width: 100%; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--back); color: var(--text); font: inherit; }
summary { cursor: pointer; color: var(--quiet); }
nav ul { list-style: none; margin: .2rem 0 .6rem; padding: 0 0 0 .6rem; }
nav li a { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--text); padding: .05rem 0; }
nav li a[aria-current] { color: var(--mark); font-weight: 600; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
.quiet { color: var(--quiet); }
.kind { display: inline-block; padding: 0 .5em; border: 1px solid currentColor; border-radius: 1em; font-size: .8rem; margin-right: .4em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--quiet); }
.wide { overflow-x: auto; }
pre { background: var(--code); padding: .8rem 1rem; border-radius: 6px; overflow: auto; font: 13px/1.5 ui-monospace, monospace; max-height: 36rem; }
code { font: .92em ui-monospace, monospace; }
button { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 6px; padding: .15rem .6rem; cursor: pointer; }
button[aria-pressed=true] { border-color: var(--mark); color: var(--mark); }
.graph { overflow: auto; border: 1px solid var(--line); border-radius: 6px; max-height: 34rem; }
.graph text { font: 12px system-ui, sans-serif; fill: var(--text); }
.graph rect { fill: var(--back); stroke-width: 1.4; }
.graph path { fill: none; stroke: var(--quiet); stroke-opacity: .6; }
.graph a.self rect { stroke-width: 3; }
@media (max-width: 50rem) { body { display: block; } nav { width: auto; height: auto; position: static; border: 0; } nav details { max-height: 14rem; overflow: auto; } main { padding: 1rem; } }
`;
