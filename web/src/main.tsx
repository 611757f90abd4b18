/** Entry of the page: style, state, then the shell. A page that was saved as one file brings its data. */
import { render } from "preact";
import "./app/theme.css";
import "./app/app.css";
import { App } from "./app/App";
import { openCarried } from "./screens/export/open";
import { start } from "./state/start";

async function begin(): Promise<void> {
  const painted = await openCarried();
  render(<App />, document.getElementById("app")!);
  await start();
  painted();
}
void begin();
