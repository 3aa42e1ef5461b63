/** The style of every page. It names no font, image or file that would have to be fetched. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fcfcfb;--raised:#fff;--text:#1d2125;--muted:#5b626a;--line:#e2e4e7;--strong:#b9bec4;--accent:#2b5f99;
--good:#17693f;--good-bg:#e7f4ec;--bad:#a8201a;--bad-bg:#fcebe9;--warn:#7a5000;--warn-bg:#fdf1d7;--plain:#3f464d;--plain-bg:#eff1f3;
--s0:#2b6cb5;--s1:#bd5312;--s2:#22804f;--s3:#8247a8;--s4:#a62c46;--s5:#59616a}
@media (prefers-color-scheme:dark){:root{--bg:#15171a;--raised:#1b1e22;--text:#e5e7ea;--muted:#9da5ad;--line:#2c3136;--strong:#4c535b;--accent:#86b6ee;
--good:#78d3a1;--good-bg:#15301f;--bad:#ff9f96;--bad-bg:#3b1917;--warn:#f0c274;--warn-bg:#33280f;--plain:#c3c9cf;--plain-bg:#262a2f;
--s0:#78b0f0;--s1:#f0975a;--s2:#66c795;--s3:#c39be6;--s4:#f08296;--s5:#aab2bb}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:66rem;padding:2.5rem 1.5rem 2rem;background:var(--bg);color:var(--text);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif}
h1,h2,h3{line-height:1.2;text-wrap:balance;overflow-wrap:anywhere}
h1{margin:0;font-size:1.75rem;font-weight:650;letter-spacing:-.015em}
h2{margin:2.75rem 0 .9rem;padding-top:1.1rem;border-top:1px solid var(--line);font-size:1.2rem;font-weight:650}
h3{margin:1.9rem 0 .6rem;font-size:1rem;font-weight:650}
.subtitle{margin:.4rem 0 0;color:var(--muted);overflow-wrap:anywhere}
p{margin:.6rem 0;max-width:44rem;overflow-wrap:anywhere}
a{color:var(--accent);text-underline-offset:.15em}
code,pre{font:.875em/1.5 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{overflow-x:auto;padding:.8rem 1rem;border:1px solid var(--line);border-radius:6px;background:var(--raised)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.scroll{overflow-x:auto}
table{width:100%;margin:.9rem 0 1.2rem;border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{padding:0 0 .45rem;text-align:left;color:var(--muted)}
th,td{padding:.42rem .75rem;text-align:left;vertical-align:baseline;overflow-wrap:anywhere}
th:not(.number),td:not(.number){min-width:6rem}
th:first-child,td:first-child{padding-left:0}th:last-child,td:last-child{padding-right:0}
thead th{border-bottom:1px solid var(--strong);color:var(--muted);font-weight:600;overflow-wrap:normal}
tbody th{font-weight:500}
tbody tr+tr>*{border-top:1px solid var(--line)}
th.number,td.number{text-align:right;white-space:nowrap}
.none{color:var(--muted)}
.chip{display:inline-block;padding:.04rem .5rem;border-radius:.8rem;font-weight:550;overflow-wrap:normal}
.sign{margin-right:.4em;font-weight:700}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.chip.good,.callout.good{background:var(--good-bg)}.chip.bad,.callout.bad{background:var(--bad-bg)}
.chip.warn,.callout.warn{background:var(--warn-bg)}.chip.plain,.callout.plain{background:var(--plain-bg);color:var(--plain)}
.callout{display:flex;gap:.35rem;margin:1rem 0;padding:.7rem 1rem;border-radius:6px;border-left:3px solid currentColor}
.callout p{margin:0;color:var(--text)}.callout p+p{margin-top:.5rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1.1rem 2rem;margin:1.4rem 0}
.figure dt{color:var(--muted);font-size:.85rem}
.figure dd{margin:0;overflow-wrap:anywhere}
.figure .value{font-size:1.6rem;font-weight:600;line-height:1.3;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.figure .note{color:var(--muted);font-size:.85rem}
figure.chart,figure.dag{margin:1.5rem 0}
figcaption{margin-bottom:.5rem;font-weight:600}
svg{display:block;font-family:inherit}
.chart svg{width:100%;min-width:34rem;max-width:52rem;height:auto}
.chart text,.dag text{fill:var(--text)}
.chart text{font-size:12px;font-variant-numeric:tabular-nums}
.chart .tick,.chart .axis{fill:var(--muted)}
.grid{stroke:var(--line);stroke-width:1}
.mark,.grid.zero{stroke:var(--strong);stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.chart .end{font-weight:600}
.dot{stroke:var(--bg);stroke-width:1}
${[0, 1, 2, 3, 4, 5].map((i) => `.line.s${i}{stroke:var(--s${i})}.dot.s${i},.bar.s${i},.chart .end.s${i}{fill:var(--s${i})}.swatch.s${i}{background:var(--s${i})}`).join('\n')}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:0 0 .5rem;padding:0;list-style:none;font-size:.85rem;color:var(--muted)}
.swatch{display:inline-block;width:.7rem;height:.7rem;margin-right:.4rem;border-radius:2px}
details{margin:.4rem 0 0}
summary{width:fit-content;color:var(--muted);font-size:.85rem;cursor:pointer}
.dag svg{margin:0 auto;max-width:none}
.dag .group{fill:var(--plain-bg);fill-opacity:.55;stroke:var(--strong);stroke-dasharray:4 3}
.dag .group-label,.dag .note{font-size:11.5px;fill:var(--muted)}
.dag .edge{fill:none;stroke:var(--strong);stroke-width:1.4}
.dag .head{fill:var(--strong)}
.dag .node rect{fill:var(--raised);stroke:var(--strong);stroke-width:1.2}
.dag .name{font-size:13px;font-weight:550}
.dag .node.good rect{fill:var(--good-bg);stroke:var(--good)}.dag .node.good .name{fill:var(--good)}
.dag .node.bad rect{fill:var(--bad-bg);stroke:var(--bad)}.dag .node.bad .name{fill:var(--bad)}
.dag .node.warn rect{fill:var(--warn-bg);stroke:var(--warn)}.dag .node.warn .name{fill:var(--warn)}
footer{margin-top:3.5rem;padding-top:.9rem;border-top:1px solid var(--line);color:var(--muted);font-size:.85rem}
@media (max-width:40rem){body{padding:1.5rem 1rem}h1{font-size:1.4rem}th,td{padding:.4rem .5rem}.figures{gap:.9rem 1.2rem;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr))}.figure .value{font-size:1.35rem}}
@media print{:root{--bg:#fff;--raised:#fff;--text:#000;--muted:#444;--line:#ccc;--strong:#888}body{max-width:none;padding:0;font-size:10pt}
details{display:none}.scroll{overflow:visible}figure,tr,.callout,.figure{break-inside:avoid}h2,h3{break-after:avoid}*{print-color-adjust:exact}}
`;
