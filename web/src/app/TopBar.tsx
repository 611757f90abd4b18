/** Bar on top: screens, search, undo, theme, help. */
import { clear, redoStep, setSearch, showScreen, undoStep } from "../state/actions";
import { count } from "../state/format";
import { canRedo, canUndo, commit } from "../state/history";
import type { SearchMode } from "../api/types";
import {
  currentSource,
  detail,
  dialog,
  inspectorTab,
  offline,
  screen,
  type Screen,
  search,
  searchStatus,
  selection,
  theme,
  themeChoice,
} from "../state/store";
import { Button, Icon, Segmented } from "./ui";

export function TopBar() {
  const screens: { value: Screen; label: string; disabled?: boolean }[] = [
    { value: "open", label: "Open" },
    { value: "map", label: "Map", disabled: currentSource.value === null },
    { value: "compare", label: "Compare", disabled: currentSource.value === null },
    { value: "geometry", label: "Geometry", disabled: currentSource.value === null },
  ];
  return (
    <header class="bar" data-testid="bar">
      <span class="wordmark" aria-hidden="true">
        <svg viewBox="0 0 20 20">
          <path d="M3 16.5h14M3 16.5 13.5 4M9.5 16.5a6.5 6.5 0 0 0-2.3-5" />
        </svg>
        gonio
      </span>
      {offline.value ? (
        <span />
      ) : (
        <Segmented label="Screen" testid="screen" value={screen.value} options={screens} onChange={showScreen} />
      )}
      <Search />
      <span class="row-of">
        <Button
          icon="undo"
          kind="quiet"
          testid="undo"
          disabled={!canUndo.value}
          title={canUndo.value ? `Undo: ${canUndo.value} (Ctrl Z)` : "Nothing to undo"}
          onClick={undoStep}
        />
        <Button
          icon="redo"
          kind="quiet"
          testid="redo"
          disabled={!canRedo.value}
          title={canRedo.value ? `Redo: ${canRedo.value} (Ctrl Y)` : "Nothing to redo"}
          onClick={redoStep}
        />
        <Button
          icon="export"
          kind="quiet"
          testid="open-export"
          disabled={currentSource.value === null}
          title="Export and session"
          onClick={() => (dialog.value = "export")}
        />
        <Button
          icon={theme.value === "dark" ? "sun" : "moon"}
          kind="quiet"
          testid="theme"
          title={theme.value === "dark" ? "Light theme" : "Dark theme"}
          onClick={() => (themeChoice.value = theme.value === "dark" ? "light" : "dark")}
        />
        <Button icon="help" kind="quiet" testid="help" title="Keys and help (?)" onClick={() => (dialog.value = "help")} />
      </span>
    </header>
  );
}

const modes: { value: SearchMode; label: string; title: string; example: string }[] = [
  { value: "substring", label: "abc", title: "Any part of the token", example: "Search tokens" },
  { value: "prefix", label: "abc…", title: "Beginning of the token", example: "Search by the beginning" },
  { value: "regex", label: ".*", title: "Regular expression", example: "Regular expression, e.g. ^bank" },
  { value: "field", label: "a:b", title: "Field: column:value, column>number", example: "Field, e.g. pos:noun or position>10" },
];

function Search() {
  const q = search.value;
  const s = searchStatus.value;
  const mode = modes.find((m) => m.value === q.mode)!;
  const columns = (detail.value?.columns ?? []).filter((c) => c.type !== "number");
  const showSelection = (): void => commit("inspector", () => (inspectorTab.value = "selection"));
  return (
    <div class="search" role="search" data-busy={s.busy}>
      <div class="search-box">
        <input
          type="search"
          data-testid="search"
          value={q.text}
          placeholder={`${mode.example}  ( / )`}
          spellcheck={false}
          autocomplete="off"
          aria-label="Search"
          aria-describedby="search-answer"
          disabled={currentSource.value === null}
          onInput={(e) => setSearch({ text: e.currentTarget.value })}
          onKeyDown={(e) => {
            if (e.key === "Enter" && selection.peek().length) showSelection();
            if (e.key === "Escape" && q.text) {
              e.preventDefault();
              e.stopPropagation();
              clear();
              setSearch({ text: "" });
            }
          }}
        />
        {q.text && (
          <button type="button" class="search-count" data-testid="search-count" title="Show the hits" onClick={showSelection}>
            {s.busy && s.total ? `${Math.round((100 * s.scanned) / s.total)} %` : count(s.count)}
          </button>
        )}
        <span class="select">
          <select
            data-testid="search-mode"
            aria-label="Kind of search"
            value={q.mode}
            onChange={(e) => setSearch({ mode: e.currentTarget.value as SearchMode })}
          >
            {modes.map((m) => (
              <option key={m.value} value={m.value}>
                {m.label} {m.title}
              </option>
            ))}
          </select>
          <span class="select-shown" aria-hidden="true">
            {mode.label}
          </span>
        </span>
        {columns.length > 1 && q.mode !== "field" && (
          <span class="select">
            <select
              data-testid="search-column"
              aria-label="Column searched"
              value={q.column ?? ""}
              onChange={(e) => setSearch({ column: e.currentTarget.value || null })}
            >
              <option value="">tokens</option>
              {columns
                .filter((c) => c.name !== detail.value?.token_column)
                .map((c) => (
                  <option key={c.name} value={c.name}>
                    {c.name}
                  </option>
                ))}
            </select>
            <Icon name="down" />
          </span>
        )}
        <button
          type="button"
          class="mini"
          aria-pressed={q.matchCase}
          title="Distinguish capitals"
          data-testid="search-case"
          onClick={() => setSearch({ matchCase: !q.matchCase })}
        >
          Aa
        </button>
      </div>
      <div id="search-answer" class="search-answer" aria-live="polite">
        {s.error && (
          <p class="problem" data-testid="search-error">
            <Icon name="warn" />
            <span>
              {s.error}
              <small>The last hits stay selected.</small>
            </span>
          </p>
        )}
      </div>
    </div>
  );
}
