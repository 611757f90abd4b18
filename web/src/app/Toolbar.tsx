/** Above the map: tools, dimensions, what colours and sizes the points. */
import { setDim } from "../state/actions";
import { measures } from "../state/columns";
import { commit } from "../state/history";
import { layout } from "../state/layouts";
import { MOST_PICTURES } from "../plot/pictures";
import {
  colourBusy,
  colourBy,
  type ColourBy,
  detail,
  drawMode,
  hiddenCodes,
  layer,
  layers,
  mapPlot,
  offline,
  paint,
  paths,
  pointSize,
  projection,
  say,
  sets,
  showLabels,
  showPaths,
  showPictures,
  sizeBy,
  sprite,
  tool,
} from "../state/store";
import { Button, type Choice, Choose, Segmented } from "./ui";

/** A choice of colours as the value of the list, and back. */
const key = (by: ColourBy): string => ("name" in by ? `${by.kind}:${by.name}` : by.kind);
function byKey(text: string): ColourBy {
  const [kind, ...rest] = text.split(":");
  const name = rest.join(":");
  if (kind === "column" || kind === "measure") return { kind, name };
  if (kind === "trust") return { kind, name: name as "kept" | "lost" | "false" };
  return kind === "sets" || kind === "values" ? { kind } : { kind: "none" };
}

function columnChoices(kind: "all" | "numbers"): Choice[] {
  return (detail.value?.columns ?? [])
    .filter((c) => kind === "all" || c.type === "number")
    .map((c) => ({ value: `column:${c.name}`, label: c.name }));
}

function measureChoices(): Choice[] {
  const all = layers.value;
  const first = all[0]?.layer === layer.value;
  return measures
    .filter((m) => m.name !== "overlap_previous" || all.length > 1)
    .map((m) => ({
      value: `measure:${m.name}`,
      label: m.title,
      disabled: offline.value || (m.name === "overlap_previous" && first),
    }));
}

function ColourChoice() {
  const l = layout.value;
  const done = l?.state.value?.state === "done" && !offline.value;
  const trust: Choice[] = [
    { value: "trust:kept", label: "Neighbours kept", disabled: !done },
    { value: "trust:lost", label: "Neighbours lost", disabled: !done },
    { value: "trust:false", label: "False neighbours", disabled: !done },
  ];
  return (
    <Choose
      label="Colour"
      testid="colour-by"
      named
      value={key(colourBy.value)}
      choices={[
        { value: "none", label: "one colour" },
        { group: "Columns", choices: columnChoices("all") },
        { group: `Measured at layer ${layer.value}`, choices: measureChoices() },
        { group: "Trust in this map", choices: trust },
        { group: "Sets", choices: sets.value.length ? [{ value: "sets", label: "named sets" }] : [] },
        { group: "From other screens", choices: paint.value ? [{ value: "values", label: paint.value.title }] : [] },
      ]}
      onChange={(v) =>
        commit("colour", () => {
          colourBy.value = byKey(v);
          hiddenCodes.value = new Set();
        })
      }
    />
  );
}

const widths = [1, 1.5, 2, 3, 4, 6, 8];

/** One width for all points, or a width by a number. */
function SizeChoice() {
  const s = sizeBy.value;
  return (
    <Choose
      label="Size of points"
      testid="size-by"
      value={s ? `${s.kind}:${s.name}` : `width:${pointSize.value}`}
      choices={[
        { value: "width:0", label: "size: auto" },
        { group: "All alike", choices: widths.map((w) => ({ value: `width:${w}`, label: `${w} px` })) },
        { group: "By column", choices: columnChoices("numbers") },
        { group: `By what is measured at layer ${layer.value}`, choices: measureChoices() },
      ]}
      onChange={(v) => {
        const by = byKey(v);
        commit("size", () => {
          sizeBy.value = by.kind === "column" || by.kind === "measure" ? by : null;
          if (v.startsWith("width:")) pointSize.value = Number(v.slice(6));
        });
      }}
    />
  );
}

/** The picture as a file, at twice its size on the screen. */
async function screenshot(): Promise<void> {
  const plot = mapPlot.peek();
  const host = document.querySelector<HTMLElement>("[data-testid=plot]");
  if (!plot || !host) return;
  try {
    const url = URL.createObjectURL(await plot.toPNG(host.clientWidth * 2, host.clientHeight * 2));
    const a = document.createElement("a");
    a.href = url;
    a.download = `${detail.peek()?.name.replace(/[^\w.-]+/g, "-") ?? "map"}-layer-${layer.peek()}.png`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  } catch (e) {
    say((e as Error).message, "error");
  }
}

export function Toolbar() {
  const is3d = projection.value.dim;
  return (
    <div class="toolbar" role="toolbar" aria-label="Map">
      <Segmented
        label="Tool"
        testid="tool"
        value={tool.value}
        onChange={(t) => (tool.value = t)}
        options={[
          { value: "navigate", icon: "hand", title: "Navigate: drag moves or turns the map" },
          { value: "lasso", icon: "lasso", title: "Lasso (l): draw round points; Shift adds, Alt removes" },
          { value: "rectangle", icon: "rectangle", title: "Rectangle (r): Shift adds, Alt removes" },
        ]}
      />
      <Button
        icon="fit"
        kind="quiet"
        testid="fit"
        title="Fit the map to its points (f)"
        onClick={() => mapPlot.peek()?.camera.fit()}
      />
      <Segmented
        label="Dimensions"
        testid="dim"
        value={is3d}
        onChange={setDim}
        options={[
          { value: 2, label: "2D", title: "Two dimensions (2)" },
          { value: 3, label: "3D", title: "Three dimensions (3)" },
        ]}
      />
      <Button
        kind="quiet"
        testid="density"
        pressed={drawMode.value === "density"}
        title="Contours of density instead of points"
        onClick={() => commit("drawing", () => (drawMode.value = drawMode.value === "density" ? "points" : "density"))}
      >
        Density
      </Button>
      {sprite.value && (
        <Button
          kind="quiet"
          testid="pictures"
          pressed={showPictures.value}
          disabled={(detail.value?.rows ?? 0) > MOST_PICTURES}
          title={`The rows' pictures instead of points, up to ${MOST_PICTURES} rows`}
          onClick={() => commit("pictures", () => (showPictures.value = !showPictures.value))}
        >
          Pictures
        </Button>
      )}
      <span class="spring" />
      <span class={colourBusy.value ? "busy" : ""}>
        <ColourChoice />
      </span>
      <SizeChoice />
      <Button
        icon="label"
        kind="quiet"
        testid="labels"
        pressed={showLabels.value}
        title="Words for dense regions"
        onClick={() => commit("labels", () => (showLabels.value = !showLabels.value))}
      />
      {paths.value.length > 0 && (
        <Button
          icon="path"
          kind="quiet"
          testid="paths"
          pressed={showPaths.value}
          title="Lines along sequences (__seq_next__)"
          onClick={() => commit("paths", () => (showPaths.value = !showPaths.value))}
        />
      )}
      <Button icon="camera" kind="quiet" testid="screenshot" title="Save the picture (PNG)" onClick={() => void screenshot()} />
    </div>
  );
}
