/* What bench/plot.mjs runs in the page: planted clusters, one plot, its frame times. */
import { createPlot, LIGHT, multiply, quaternion, type Plot } from "../src/plot/index";

interface Case {
  renderer: "gl" | "splat";
  n: number;
  dim: 2 | 3;
  frames: number;
}

/** n points in 20 Gaussian clusters of unequal size and width: the same on every run. */
function clusters(n: number, dim: 2 | 3): { positions: Float32Array; index: Uint8Array } {
  let s = 1;
  const uniform = (): number => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(2 * Math.PI * uniform());
  const centres = Array.from({ length: 20 }, () => ({ at: [3 * normal(), 3 * normal(), 3 * normal()], width: 0.25 + 0.6 * uniform() }));
  const positions = new Float32Array(n * dim), index = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const k = Math.floor(20 * uniform() ** 1.5), c = centres[k];
    index[i] = k;
    for (let j = 0; j < dim; j++) positions[i * dim + j] = c.at[j] + c.width * normal();
  }
  return { positions, index };
}

/** Milliseconds: the first picture, then each of a turning (2D: zooming) one; GL is waited for by reading a pixel. */
function time(host: HTMLElement, c: Case): { first: number; frames: number[] } {
  const { positions, index } = clusters(c.n, c.dim), palette = Uint8Array.from({ length: 60 }, (_, i) => (i * 97) % 256);
  const start = performance.now();
  const plot: Plot = createPlot(host, { renderer: c.renderer, animate: false, theme: LIGHT });
  if (plot.renderer !== c.renderer) throw new Error(`asked for ${c.renderer}, got ${plot.renderer}`);
  plot.setData({ n: c.n, dim: c.dim, positions });
  plot.setColors(index, palette);
  const gl = [...host.querySelectorAll("canvas")].map((canvas) => canvas.getContext("webgl2")).find((context) => context);
  const draw = (): void => {
    plot.draw();
    gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  };
  draw();
  const first = performance.now() - start, frames: number[] = [], home = plot.camera.get();
  for (let i = 0; i < c.frames; i++) {
    const camera = plot.camera.get(), turn = quaternion(0, 1, 0, 0.1);
    plot.camera.set({ ...camera, rotation: multiply(turn, camera.rotation), extent: c.dim === 2 ? camera.extent * 0.98 : camera.extent });
    const t = performance.now();
    draw();
    frames.push(performance.now() - t);
  }
  plot.camera.set(home);
  plot.draw();
  return { first, frames };
}

Object.assign(window, { time });
