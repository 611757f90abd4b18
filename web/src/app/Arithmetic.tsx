/** A - B + C over rows or typed words; the answer is the list of neighbours of the sum. */
import { clearOperands, pin, setOperand } from "../state/actions";
import { tokenOf } from "../state/columns";
import { neighbours, type Operand, operands, pinned } from "../state/store";
import { Neighbours } from "./Neighbours";
import { TypedPanel } from "./Typed";
import { Button } from "./ui";

const names = ["A", "B", "C"] as const;
const signs = ["", "−", "+"] as const;

export function Arithmetic() {
  const now = operands.value;
  const filled = now.filter((o) => o !== null).length;
  return (
    <>
      <section class="section" data-testid="arithmetic">
        <h2>
          <span>Vector of A − B + C</span>
          {filled > 0 && (
            <Button kind="quiet" testid="operands-clear" onClick={clearOperands}>
              Clear
            </Button>
          )}
        </h2>
        {names.map((n, i) => (
          <Slot key={n} index={i as 0 | 1 | 2} value={now[i]} />
        ))}
        {filled < 2 && <p class="subtitle">Type words, or pin a token and use its buttons A, B, C. Two are enough.</p>}
      </section>
      {neighbours.value.of && "operands" in neighbours.value.of && <Neighbours />}
      <TypedPanel />
    </>
  );
}

function Slot({ index, value }: { index: 0 | 1 | 2; value: Operand }) {
  const name = names[index];
  return (
    <div class="operand">
      <span class="operand-sign">{signs[index]}</span>
      <strong>{name}</strong>
      {value && "row" in value ? (
        <>
          <button
            type="button"
            class="chip token"
            data-testid={`operand-${name}`}
            title={`Row ${value.row}: pin it`}
            onClick={() => pin(value.row)}
          >
            {tokenOf(value.row)}
          </button>
          <Button
            icon="close"
            kind="quiet"
            testid={`operand-${name}-clear`}
            title={`Empty ${name}`}
            onClick={() => setOperand(index, null)}
          />
        </>
      ) : (
        <input
          type="text"
          spellcheck={false}
          placeholder="word"
          aria-label={`Word for ${name}`}
          data-testid={`operand-${name}`}
          value={value?.text ?? ""}
          onChange={(e) => setOperand(index, e.currentTarget.value.trim() ? { text: e.currentTarget.value.trim() } : null)}
        />
      )}
      {pinned.value >= 0 && !(value && "row" in value) && (
        <Button
          kind="quiet"
          testid={`operand-${name}-pinned`}
          title="Use the pinned token"
          onClick={() => setOperand(index, { row: pinned.value })}
        >
          {tokenOf(pinned.value)}
        </Button>
      )}
    </div>
  );
}
