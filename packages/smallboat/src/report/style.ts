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
caption span{position:sticky;left:0;display:inline-block;max-width:calc(100vw - 3rem)}
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
.dag .group-label{paint-order:stroke;stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}
.dag .edge{fill:none;stroke:var(--strong);stroke-width:1.4}
.dag .head{fill:var(--strong)}
.dag .node rect{fill:var(--raised);stroke:var(--strong);stroke-width:1.2}
.dag .name{font-size:13px;font-weight:550}
.dag .node.good rect{fill:var(--good-bg);stroke:var(--good)}.dag .node.good .name{fill:var(--good)}
.dag .node.bad rect{fill:var(--bad-bg);stroke:var(--bad)}.dag .node.bad .name{fill:var(--bad)}
.dag .node.warn rect{fill:var(--warn-bg);stroke:var(--warn)}.dag .node.warn .name{fill:var(--warn)}
.dag .node.faint rect{stroke-dasharray:3 3;fill-opacity:.6}.dag .node.faint .name{fill:var(--muted)}
.dag a:hover rect,.dag a:focus-visible rect{stroke:var(--accent);stroke-width:2}
.dag .node.faint .note{font-style:italic}
.timeline .label{fill:var(--text)}.timeline a:hover .label{fill:var(--accent);text-decoration:underline}
.span.good{fill:var(--s0)}.span.bad{fill:var(--bad)}.span.warn{fill:var(--s1)}.span.plain{fill:var(--s5)}.span.over{fill:var(--strong)}
.span.before{fill:var(--plain-bg);stroke:var(--strong);stroke-dasharray:3 2}
.swatch.good{background:var(--s0)}.swatch.bad{background:var(--bad)}.swatch.warn{background:var(--s1)}.swatch.plain{background:var(--s5)}
.swatch.over{background:var(--strong)}.swatch.before{background:var(--plain-bg);outline:1px dashed var(--strong)}
.parts{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:1rem 0 0;padding:0;list-style:none;font-size:.9rem}
h4,h5{margin:1.3rem 0 .5rem;font-size:.95rem;font-weight:650}h5{font-size:.9rem}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;padding:.3rem .7rem;background:var(--raised)}
main:focus{outline:none}
th button{all:unset;cursor:pointer}
th button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
th button::after{content:"\\2195";margin-left:.3em;opacity:.45}
th[aria-sort=ascending] button::after{content:"\\2191";opacity:1}
th[aria-sort=descending] button::after{content:"\\2193";opacity:1}
th.middle,td.middle{text-align:center}
th.whole,td.whole{white-space:nowrap}th.wide,td.wide{min-width:12rem}
td a,th a{color:inherit;text-decoration-color:var(--strong)}
td a:hover,th a:hover{color:var(--accent)}
blockquote{margin:.8rem 0;padding-left:1rem;border-left:3px solid var(--line);color:var(--muted)}
hr{border:0;border-top:1px solid var(--line);margin:1.5rem 0}
.markdown ul,.markdown ol{max-width:44rem;padding-left:1.4rem}.markdown li{margin:.2rem 0}.markdown li p{margin:.2rem 0}
.markdown img,.picture img{max-width:100%;height:auto}
.markdown :not(pre)>code{padding:.05rem .3rem;border-radius:4px;background:var(--plain-bg)}
figure.picture,figure.code,figure.json,figure.events{margin:1.2rem 0}
.picture img{background:#fff;border-radius:6px}
.picture figcaption{margin:.4rem 0 0;color:var(--muted);font-weight:400;font-size:.9rem}
.code pre,.artifact pre{max-height:34rem;overflow:auto}
.chart.vega svg{width:auto;min-width:0;max-width:none}
.progress{display:grid;grid-template-columns:minmax(8rem,14rem) minmax(6rem,24rem) auto;gap:.2rem 1rem;align-items:center;margin:.7rem 0}
.progress .label{overflow-wrap:anywhere}.progress .amount{font-size:.9rem;font-variant-numeric:tabular-nums}
.progress .note,summary .note{color:var(--muted);font-weight:400}
progress{appearance:none;width:100%;height:.6rem;border:0;border-radius:.3rem;background:var(--plain-bg);overflow:hidden}
progress::-webkit-progress-bar{background:var(--plain-bg)}progress::-webkit-progress-value{background:var(--accent)}progress::-moz-progress-bar{background:var(--accent)}
.callout .wide{flex:1;min-width:0}.callout pre{margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
.callout pre.message{padding:0;border:0;background:none;font:inherit}
.tree ul{margin:0;padding-left:1.2rem;list-style:none;border-left:1px solid var(--line)}
.tree{font:.875em/1.6 ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.tree details{display:inline-block;vertical-align:top;margin:0}.tree summary{font-size:inherit}
.tree .key{color:var(--muted)}.tree .key::after{content:":"}
.leaf.string{color:var(--good)}.leaf.number,.leaf.bigint{color:var(--s0)}.leaf.boolean{color:var(--s3)}
.events ol{margin:0;padding:0;list-style:none}
.events li{display:grid;grid-template-columns:4.6rem 4.6rem 1fr;gap:.6rem;padding:.3rem 0;border-top:1px solid var(--line)}
.events time,.events .since{color:var(--muted);font-size:.875rem;font-variant-numeric:tabular-nums}.events .note{margin:.1rem 0 0;color:var(--muted)}
.events li.good strong,.events li.bad strong,.events li.warn strong{color:inherit}
.events li>div{color:var(--text);overflow-wrap:anywhere;min-width:0}
.artifact p{margin:.8rem 0 .3rem}.artifact pre{margin:.3rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
details.section{margin:.6rem 0;border:1px solid var(--line);border-radius:6px;background:var(--raised)}
details.section>summary{width:auto;padding:.5rem .9rem;color:var(--text);font-size:.95rem;overflow-wrap:anywhere}
details.section>.inside{padding:.1rem .9rem .7rem;border-top:1px solid var(--line)}
details.section>.inside>:first-child{margin-top:.6rem}
.live{position:fixed;right:1rem;bottom:1rem;margin:0;padding:.25rem .7rem;border-radius:1rem;background:var(--plain-bg);color:var(--plain);font-size:.85rem}
.live:empty{display:none}
.log{max-height:26rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}
footer{margin-top:3.5rem;padding-top:.9rem;border-top:1px solid var(--line);color:var(--muted);font-size:.85rem}
@media (max-width:40rem){body{padding:1.5rem 1rem}h1{font-size:1.4rem}th,td{padding:.4rem .5rem}tbody th.text{min-width:9rem}.figures{gap:.9rem 1.2rem;grid-template-columns:repeat(auto-fit,minmax(7.5rem,1fr))}.figure .value{font-size:1.35rem}
.progress{grid-template-columns:1fr}.events li{grid-template-columns:4.6rem 1fr}.events .since{display:none}}
@media print{:root{--bg:#fff;--raised:#fff;--text:#000;--muted:#444;--line:#ccc;--strong:#888}body{max-width:none;padding:0;font-size:10pt}
details:not([open]):not(.section){display:none}.live,.skip,th button::after{display:none}.scroll{overflow:visible}figure,tr,.callout,.figure{break-inside:avoid}h2,h3{break-after:avoid}*{print-color-adjust:exact}}
`;
