/** The demo console's style sheet and scripts: the look of a web application of 2009. */

/** A file that the console serves as it is. */
interface Asset {
  readonly type: string;
  readonly body: string;
}

const style = `
body { margin: 0; background: #d7dde4; color: #222; font: 13px/1.45 Verdana, "DejaVu Sans", sans-serif; }
a { color: #0b4a8f; }
a:visited { color: #4b3b80; }
#frame { max-width: 960px; margin: 14px auto; background: #fff; border: 1px solid #8c9bad; }
#banner { background: #2d4d73; background: linear-gradient(#4a6f9c, #2d4d73); color: #fff; padding: 12px 16px;
  display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; border-bottom: 3px solid #e59b1e; }
#banner strong { font: bold 19px Georgia, "DejaVu Serif", serif; }
#banner span { color: #dbe6f3; font-size: 11px; }
#tabs { background: #e9eef4; border-bottom: 1px solid #b6c2d0; padding: 8px 12px 0; display: flex; flex-wrap: wrap; gap: 3px; }
#tabs a { border: 1px solid #b6c2d0; border-bottom: 0; background: #f6f8fa; padding: 5px 12px; text-decoration: none;
  color: #1f3f66; border-radius: 4px 4px 0 0; }
#tabs a[aria-current] { background: #fff; font-weight: bold; margin-bottom: -1px; padding-bottom: 6px; }
#who { margin: 0; background: #fffbe6; border-bottom: 1px solid #e5d9a0; padding: 6px 16px; font-size: 12px; }
#content { padding: 12px 16px 20px; }
h1 { font: bold 17px Georgia, "DejaVu Serif", serif; color: #1f3f66; margin: 6px 0 10px; }
h2 { font-size: 13px; color: #1f3f66; margin: 18px 0 6px; border-bottom: 1px dotted #8c9bad; padding-bottom: 2px; }
.trail { font-size: 11px; color: #555; margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 12px; }
th { background: #dde5ee; text-align: left; color: #1f3f66; }
th, td { border: 1px solid #b6c2d0; padding: 5px 8px; vertical-align: top; }
tr:nth-child(even) td { background: #f5f8fb; }
table.facts th { width: 11em; }
fieldset { border: 1px solid #b6c2d0; margin: 0 0 12px; padding: 10px 14px; max-width: 34em; }
legend { color: #1f3f66; font-weight: bold; padding: 0 6px; }
label { display: block; margin: 8px 0 2px; }
input, select { font: inherit; padding: 4px 6px; border: 1px solid #7f8fa3; background: #fff; color: #222; width: 100%;
  max-width: 24em; box-sizing: border-box; }
button { font: inherit; padding: 6px 16px; border: 1px solid #5d6f85; border-radius: 3px; background: #e8edf3;
  background: linear-gradient(#fdfdfd, #d9e1ea); color: #1f3f66; font-weight: bold; cursor: pointer; }
:focus-visible { outline: 2px solid #b35c00; outline-offset: 1px; }
.note { background: #eef6e8; border: 1px solid #a9c893; padding: 7px 10px; margin: 0 0 12px; }
.off { color: #8a1f11; font-weight: bold; }
.on { color: #2a6a1b; font-weight: bold; }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 0 0 6px; padding: 0; list-style: none; }
.tiles li { border: 1px solid #b6c2d0; background: #f6f8fa; padding: 8px 14px; min-width: 8em; }
.tiles b { display: block; font: bold 22px Georgia, "DejaVu Serif", serif; color: #1f3f66; }
pre { background: #1d2733; color: #c9e6c0; padding: 10px; min-height: 13em; max-height: 24em; overflow: auto;
  font: 12px/1.5 "DejaVu Sans Mono", Consolas, monospace; margin: 0 0 8px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
#foot { border-top: 1px solid #b6c2d0; background: #eef2f6; color: #555; font-size: 11px; padding: 7px 16px; }
ul.links { margin: 0; padding-left: 18px; line-height: 1.9; }
code { font: 12px "DejaVu Sans Mono", Consolas, monospace; }
`;

/** Follows the event stream and writes each line into the page. */
const logScript = `
const screen = document.getElementById('log');
const state = document.getElementById('state');
const events = new EventSource('/console/events');
events.onopen = () => { state.textContent = 'connected'; };
events.onerror = () => { state.textContent = 'disconnected, trying again'; };
events.onmessage = (event) => {
  screen.textContent += event.data + '\\n';
  screen.scrollTop = screen.scrollHeight;
};
`;

/** The terminal: one WebSocket, a line out for each line in. */
const terminalScript = `
const screen = document.getElementById('terminal');
const state = document.getElementById('state');
const line = document.getElementById('line');
const write = (text) => {
  screen.textContent += text + '\\n';
  screen.scrollTop = screen.scrollHeight;
};
const socket = new WebSocket(location.origin.replace('http', 'ws') + '/console/live');
socket.onopen = () => { state.textContent = 'connected'; };
socket.onclose = (event) => { state.textContent = 'disconnected (' + event.code + ')'; };
socket.onmessage = (event) => write(event.data);
document.getElementById('prompt').addEventListener('submit', (event) => {
  event.preventDefault();
  write('> ' + line.value);
  socket.send(line.value);
  line.value = '';
});
`;

/** Every asset by its path. */
export const consoleAssets: ReadonlyMap<string, Asset> = new Map([
  ['/console/assets/console.css', { type: 'text/css; charset=utf-8', body: style }],
  ['/console/assets/log.js', { type: 'text/javascript; charset=utf-8', body: logScript }],
  ['/console/assets/terminal.js', { type: 'text/javascript; charset=utf-8', body: terminalScript }],
  [
    '/console/assets/logo.svg',
    {
      type: 'image/svg+xml',
      body: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="2" fill="#2d4d73"/><path d="M3 11h10M3 8h10M3 5h10" stroke="#e59b1e" stroke-width="1.6"/></svg>',
    },
  ],
]);
