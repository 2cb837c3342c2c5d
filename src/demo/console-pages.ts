/** The demo console's pages, as markup. They show whom the gateway says it is talking to. */

import { consoleRoles, type ConsoleRecord, type ConsoleSettings } from './console-records.ts';
import { html, type Html } from './html.ts';

/** Whom the identity headers name; the console itself knows nobody. */
export interface Visitor {
  readonly username: string | null;
  readonly displayName: string;
  readonly email: string;
  readonly groups: string;
}

/** What stands around each page. */
export interface Surroundings {
  readonly visitor: Visitor;
  readonly settings: ConsoleSettings;
}

const tabs = [
  ['/console/', 'Overview'],
  ['/console/users', 'Users'],
  ['/console/log', 'Live log'],
  ['/console/terminal', 'Terminal'],
  ['/console/bulletin', 'Bulletin'],
  ['/admin/settings', 'Settings'],
] as const;

/** The way in: public, so that there is something to see before anybody signs in. */
export function welcomePage(around: Surroundings): string {
  return page(around, 'Welcome', '', [
    html`<p>
      This is the demonstration's protected application: an administration console that has no login
      of its own. Everything behind the links below is guarded by the gateway in front of it.
    </p>`,
    html`<h2>Things to try</h2>`,
    html`<ul class="links">
      <li><a href="/console/users/7">A user's page</a>: asks for a password and a second step</li>
      <li>
        <a href="/console/users/7/edit">Change that user</a>: saving asks again after 5 minutes
      </li>
      <li>
        <a href="/console/log">Live log</a> (event stream) and
        <a href="/console/terminal">terminal</a> (WebSocket)
      </li>
      <li>
        <a href="/console/bulletin">Bulletin board</a>: a password is enough, unless the policy asks
        more of you or you have set up a second step
      </li>
      <li>
        <a href="/admin/settings">Settings</a>: the administrators' zone, from this machine's
        network only
      </li>
      <li><a href="/v1/models">Model server</a>: JSON, for programs</li>
      <li><a href="/mail/">Mail</a>: what people were told by mail</li>
      <li><a href="/_mfa/account">Your account</a>: the gateway's own page, where you sign out</li>
    </ul>`,
  ]);
}

/** Numbers at a glance. */
export function overviewPage(around: Surroundings, people: readonly ConsoleRecord[]): string {
  const active = people.filter((person) => person.isActive).length;
  return page(around, 'Overview', '/console/', [
    html`<ul class="tiles">
      <li><b>${people.length}</b> users</li>
      <li><b>${active}</b> active</li>
      <li><b>${people.length - active}</b> suspended</li>
      <li><b>12</b> nodes</li>
    </ul>`,
    html`<h2>Nodes</h2>`,
    html`<div class="scroll">
      <table>
        <tr>
          <th>Node</th>
          <th>State</th>
          <th>Load</th>
          <th>Model</th>
        </tr>
        ${['gpu-a1', 'gpu-a2', 'gpu-b1'].map(
          (node, at) =>
            html`<tr>
              <td>${node}</td>
              <td class="on">running</td>
              <td>${31 + at * 17} %</td>
              <td>sallyport-parrot</td>
            </tr>`,
        )}
      </table>
    </div>`,
  ]);
}

/** Everybody in one table. */
export function usersPage(around: Surroundings, people: readonly ConsoleRecord[]): string {
  return page(around, 'Users', '/console/users', [
    html`<div class="scroll">
      <table>
        <tr>
          <th>No.</th>
          <th>Name</th>
          <th>E-mail</th>
          <th>Department</th>
          <th>Role</th>
          <th>State</th>
        </tr>
        ${people.map(
          (person) =>
            html`<tr>
              <td>${person.id}</td>
              <td><a href="/console/users/${person.id}">${person.name}</a></td>
              <td>${person.email}</td>
              <td>${person.department}</td>
              <td>${person.role}</td>
              <td>${stateOf(person)}</td>
            </tr>`,
        )}
      </table>
    </div>`,
  ]);
}

/** One person; `isSaved` after a change. */
export function userPage(around: Surroundings, person: ConsoleRecord, isSaved: boolean): string {
  return page(around, person.name, '/console/users', [
    isSaved ? html`<p class="note" role="status">The changes were saved.</p>` : html``,
    html`<table class="facts">
      <tr>
        <th>No.</th>
        <td>${person.id}</td>
      </tr>
      <tr>
        <th>E-mail</th>
        <td>${person.email}</td>
      </tr>
      <tr>
        <th>Department</th>
        <td>${person.department}</td>
      </tr>
      <tr>
        <th>Role</th>
        <td>${person.role}</td>
      </tr>
      <tr>
        <th>State</th>
        <td>${stateOf(person)}</td>
      </tr>
    </table>`,
    html`<p><a href="/console/users/${person.id}/edit">Edit this user</a></p>`,
  ]);
}

/** The form to change a person; it posts to its own address. */
export function editUserPage(around: Surroundings, person: ConsoleRecord): string {
  return page(around, `Edit ${person.name}`, '/console/users', [
    html`<form method="post">
      <fieldset>
        <legend>User no. ${person.id}</legend>
        <label for="name">Name</label><input id="name" name="name" value="${person.name}" />
        <label for="email">E-mail</label><input id="email" name="email" value="${person.email}" />
        <label for="department">Department</label>
        <input id="department" name="department" value="${person.department}" />
        <label for="role">Role</label>
        <select id="role" name="role">
          ${consoleRoles.map((role) => option(role, role, role === person.role))}
        </select>
        <label for="status">State</label>
        <select id="status" name="status">
          ${option('active', 'Active', person.isActive)}
          ${option('suspended', 'Suspended', !person.isActive)}
        </select>
      </fieldset>
      <button type="submit">Save</button>
    </form>`,
  ]);
}

/** The page that follows the event stream. */
export function logPage(around: Surroundings): string {
  return page(around, 'Live log', '/console/log', [
    html`<p>Event stream: <span id="state" role="status">connecting</span></p>
      <pre id="log" tabindex="0" aria-label="Log lines"></pre>
      <script type="module" src="/console/assets/log.js"></script>`,
  ]);
}

/** The page that talks over a WebSocket. */
export function terminalPage(around: Surroundings): string {
  return page(around, 'Terminal', '/console/terminal', [
    html`<p>Connection: <span id="state" role="status">connecting</span></p>
      <pre id="terminal" tabindex="0" aria-label="Terminal"></pre>
      <form id="prompt">
        <label for="line">Command (try <code>help</code>)</label>
        <input id="line" name="line" autocomplete="off" /> <button type="submit">Send</button>
      </form>
      <script type="module" src="/console/assets/terminal.js"></script>`,
  ]);
}

/** A page that nothing depends on. */
export function bulletinPage(around: Surroundings): string {
  return page(around, 'Bulletin board', '/console/bulletin', [
    html`<h2>Canteen</h2>
      <p>Thursday is soup day. Bring your own bowl.</p>`,
    html`<h2>Maintenance</h2>
      <p>Node gpu-b2 is being repaired and will be back on Monday.</p>`,
  ]);
}

/** Settings of the whole installation, for administrators. */
export function settingsPage(around: Surroundings, isSaved: boolean): string {
  const { settings } = around;
  return page(around, 'Settings', '/admin/settings', [
    isSaved ? html`<p class="note" role="status">The settings were saved.</p>` : html``,
    html`<form method="post">
      <fieldset>
        <legend>Installation</legend>
        <label for="siteName">Site name</label>
        <input id="siteName" name="siteName" value="${settings.siteName}" />
        <label for="retentionDays">Keep logs for (days)</label>
        <input
          id="retentionDays"
          name="retentionDays"
          inputmode="numeric"
          value="${settings.retentionDays}"
        />
        <label for="maintenance">Maintenance mode</label>
        <select id="maintenance" name="maintenance">
          ${option('off', 'Off', settings.maintenance === 'off')}
          ${option('on', 'On', settings.maintenance === 'on')}
        </select>
      </fieldset>
      <button type="submit">Save settings</button>
    </form>`,
  ]);
}

/** Nothing there. */
export function missingPage(around: Surroundings, path: string): string {
  return page(around, 'Not found', '', [html`<p>The console has no page at ${path}.</p>`]);
}

function page(around: Surroundings, title: string, tab: string, content: readonly Html[]): string {
  const { settings, visitor } = around;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} - ${settings.siteName}</title>
        <link rel="stylesheet" href="/console/assets/console.css" />
        <link rel="icon" href="/console/assets/logo.svg" />
      </head>
      <body>
        <div id="frame">
          <header id="banner">
            <strong>${settings.siteName}</strong> <span>Release 3.4.1</span>
          </header>
          <nav id="tabs" aria-label="Console">
            ${tabs.map(([href, label]) =>
              href === tab
                ? html`<a href="${href}" aria-current="page">${label}</a>`
                : html`<a href="${href}">${label}</a>`,
            )}
          </nav>
          <p id="who" data-visitor="${visitor.username ?? ''}">${sentenceAbout(visitor)}</p>
          <main id="content">
            <h1>${title}</h1>
            ${content}
          </main>
          <footer id="foot">Cluster Manager has no login. Do not expose it to a network.</footer>
        </div>
      </body>
    </html> `.markup;
}

function sentenceAbout(visitor: Visitor): Html {
  if (visitor.username === null) return html`The console was not told who you are.`;
  const name = visitor.displayName === '' ? html`` : html` (${visitor.displayName})`;
  const groups =
    visitor.groups === '' ? 'no groups' : `groups ${visitor.groups.replaceAll(',', ', ')}`;
  return html`You are <strong>${visitor.username}</strong>${name}, ${groups}.`;
}

function stateOf(person: ConsoleRecord): Html {
  return person.isActive
    ? html`<span class="on">Active</span>`
    : html`<span class="off">Suspended</span>`;
}

function option(value: string, label: string, isSelected: boolean): Html {
  return isSelected
    ? html`<option value="${value}" selected>${label}</option>`
    : html`<option value="${value}">${label}</option>`;
}
