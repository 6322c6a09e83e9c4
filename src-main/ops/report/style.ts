/** Look of a report: dark on screen, plain on paper. */
export const STYLE = `
:root{color-scheme:dark light;--bg:#101318;--panel:#171b22;--line:#2a303a;--text:#d7dce4;--dim:#8b95a5}
@media print,(prefers-color-scheme:light){:root{--bg:#fff;--panel:#fff;--line:#d5d9e0;--text:#1a1f27;--dim:#5c6675}}
body{margin:0 auto;max-width:820px;padding:24px 16px;background:var(--bg);color:var(--text);font:14px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
h1{margin:0;font-size:24px}h2{margin:0 0 10px;font-size:16px}
header p{color:var(--dim)}
section{margin:16px 0;padding:16px;background:var(--panel);border:1px solid var(--line);border-radius:6px;overflow-x:auto}
.synthetic{display:inline-block;margin-top:8px;padding:2px 8px;border-radius:4px;background:#5b2d8e;color:#fff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0 0 12px}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse;font-size:12.5px;margin:8px 0}th,td{padding:3px 8px;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--dim);font-weight:500}.figure{text-align:right}td:last-child{white-space:normal}
figure{margin:12px 0}svg{width:100%;height:auto}svg text{fill:var(--dim);font-size:11px}.grid{stroke:var(--line)}
figcaption{display:flex;gap:16px;color:var(--dim);font-size:12px}figcaption i{display:inline-block;width:10px;height:10px;margin-right:6px;border-radius:2px}
.dominated{fill:#8b95a5;opacity:.45}.front{fill:#4c8dff}.chosen{fill:none;stroke:#e69f00;stroke-width:2.5}
`;
