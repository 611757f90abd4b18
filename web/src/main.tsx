/** Entry of the page: style, state, then the shell. */
import { render } from "preact";
import "./app/theme.css";
import "./app/app.css";
import { App } from "./app/App";
import { start } from "./state/start";

render(<App />, document.getElementById("app")!);
void start();
