/** The space in which vectors are looked at: centred or not, without its leading components. Components
 *  are those of centred vectors, so taking some off centres, and what is not centred keeps all. */
import type { Space } from "../api/types";
import { Switch } from "./ui";

const MOST = 64;

interface SpaceControlsProps {
  space: Space;
  /** Test ids are `${prefix}-center` and `${prefix}-remove`. */
  prefix: string;
  /** Centred whatever `space` says. */
  locked?: boolean;
  centreTitle: string;
  /** What stands before the number of components. */
  before: string;
  removeTitle?: string;
  /** @param what was changed, as a name for undo */
  onChange: (space: Space, what: "centre" | "remove") => void;
}

export function SpaceControls({ space, prefix, locked = false, centreTitle, before, removeTitle, onChange }: SpaceControlsProps) {
  return (
    <div class="row-of">
      <Switch
        label="Centre"
        testid={`${prefix}-center`}
        on={space.center || locked}
        disabled={locked}
        title={centreTitle}
        onChange={(center) => onChange({ center, remove: center ? space.remove : 0 }, "centre")}
      />
      <label class="tiny" title={removeTitle}>
        {before}
        <input
          type="number"
          data-testid={`${prefix}-remove`}
          min={0}
          max={MOST}
          value={space.remove}
          aria-label="Leading components taken off"
          onChange={(e) => {
            const remove = Math.min(MOST, Math.max(0, Math.round(e.currentTarget.valueAsNumber) || 0));
            onChange({ center: remove > 0 || space.center, remove }, "remove");
          }}
        />
        PCs
      </label>
    </div>
  );
}
