/** Help: every key, and what the mouse does. The keys come from the table that the page obeys. */
import { keys } from "../state/keys";
import { Dialog } from "./Dialog";

const MOUSE: [string, string][] = [
  ["Drag", "turn (3D), move (2D)"],
  ["Right drag", "move"],
  ["Wheel", "zoom to the pointer"],
  ["Point", "token with its sentence"],
  ["Click", "pin the token, list its neighbours"],
  ["Shift + lasso", "add to the selection"],
  ["Alt + lasso", "take from the selection"],
];
const PLACES: [string, string][] = [
  ["Map, focused", "arrows turn or move, + and − zoom, Home fits"],
  ["Layer slider", "arrows a layer, Page Up/Down four"],
  ["Curves", "arrows move the marker, Shift + arrows brush, Esc clears"],
  ["Matrices", "arrows go from cell to cell, Enter opens one"],
  ["Lists", "arrows, Page Up/Down, Home, End; Enter picks"],
];

const COMPARE: [string, string][] = [
  ["f, 2, 3", "fit, dimensions of both maps"],
  ["[ and ]", "the layer on the right"],
  ["Hover, lasso, drag", "act on both maps"],
];

export function Help() {
  return (
    <Dialog title="Keys and mouse" testid="help-dialog">
      <div class="help">
        <Table title="Keys" rows={keys.map((k) => [k.shown ?? k.key, k.does])} keyed />
        <div>
          <Table title="Mouse on the map" rows={MOUSE} />
          <Table title="Where the focus is" rows={PLACES} />
          <Table title="On Compare" rows={COMPARE} />
        </div>
      </div>
    </Dialog>
  );
}

function Table({ title, rows, keyed = false }: { title: string; rows: [string, string][]; keyed?: boolean }) {
  return (
    <section>
      <h2>{title}</h2>
      <dl class="keys">
        {rows.map(([what, does]) => [<dt key={what}>{keyed ? <kbd>{what}</kbd> : what}</dt>, <dd key={does}>{does}</dd>])}
      </dl>
    </section>
  );
}
